"""The config of each arm: what `python -m trainer train` is given."""

from __future__ import annotations

import copy
from typing import Any

from .. import __version__
from .shapes import Shape
from .turns import Run


def arm_config(
    shape: Shape,
    run: Run,
    *,
    shape_name: str,
    samples: int,
    model: str,
    data: str,
    device: str,
    commit: str | None,
    dirty: bool | None,
    seed: int,
) -> dict[str, Any]:
    """One complete config. `device` is cpu or cuda; the precision follows: fp32 on a CPU, fp16 on a GPU.

    One thread on a CPU: two that share two cores with anything else wait for each other for most of the time, and by how
    much is chance.
    """
    config: dict[str, Any] = {
        "schema": 1,
        "run": {
            "id": f"bench-{run.name}-seed-{seed}",
            "stack": None,
            "experiment": f"bench/{shape_name}",
            "arm": run.arm if run.arm != "fast" else f"fast-{run.cache}",
            "scenario": "finetune",
            "repeat": run.repeat,
        },
        "code": {"version": __version__, "commit": commit, "dirty": dirty, "bundle": None},
        "fingerprints": [],
        "recipe": "fast" if run.arm == "fast" else "walkthrough",
        "model": {"name": model, "revision": None},
        "data": {
            "name": data,
            "revision": None,
            "trainSamples": samples,
            "validationSamples": shape.validation,
        },
        "precision": precision_on(device),
        "device": device,
        "threads": 1 if device == "cpu" else None,
        "lora": copy.deepcopy(shape.lora),
        "training": shape.training | {"maxSteps": run.max_steps},
        "fast": {
            "samplesAtOnce": None,
            "attention": "auto",
            "compile": "auto",
            "graphs": "auto",
            "checkpointEvery": None,
        },
        "evaluation": {"untuned": False, "tuned": run.evaluated, "letters": False, "batch": 64},
        # What is only there for its loss, or to fill a cache, is not looked at.
        "profile": run.timed and run.cache != "cold",
        "world": {"nodes": ["bench"], "ranksPerNode": 1, "transport": "auto", "timeoutSeconds": 600},
        "seed": seed,
    }
    if run.arm == "walkthrough":
        for section, changes in shape.published.items():
            config[section] |= changes
    return config


def precision_on(device: str) -> str:
    """The reference run's fp16 on a GPU; what a CPU computes in elsewhere."""
    return "fp16" if device == "cuda" else "fp32"


def why_not(arm: str, *, device: str, has_liger: bool) -> str | None:
    """Why an arm cannot be measured here, None where it can."""
    if arm != "liger":
        return None
    if device != "cuda":
        return "Liger's kernels are Triton's, which needs a GPU"
    return None if has_liger else "liger_kernel is not installed here (pip install liger-kernel)"
