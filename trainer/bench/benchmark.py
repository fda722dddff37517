"""The whole of a benchmark: make what is missing, measure the harness and all arms, put the result together."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import RocmarkError
from .arms import arm_config, precision_on, why_not
from .figures import compare_answers, compare_losses, make_figures
from .machine import load_average, read_commit, read_machine
from .measure import Measured, cache_environment, measure_all
from .processes import run_module, say, tail
from .request import Request, Task, settle
from .summary import WARMUP_STEPS, summarise
from .turns import Run, plan_runs


def run_benchmark(request: Request) -> Iterator[dict[str, Any]]:
    """The result so far, before the first run and after every one: what the JSON line holds, and all `records` besides.

    Who is stopped on the way keeps what was measured; `raw.outstanding` then names the runs that are missing.
    """
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    load = {"before": load_average()}
    machine = read_machine(request.out, request.device)
    device = "cpu" if machine["device"] == "cpu" else "cuda"
    if load["before"] > (machine["processors"] or 1) / 2:
        say(f"the machine is busy (load {load['before']}): times will be longer, and further apart")
    task = settle(request, device)
    has_liger = importlib.util.find_spec("liger_kernel") is not None
    reasons = {arm: why_not(arm, device=device, has_liger=has_liger) for arm in request.arms}
    left_out = {arm: reason for arm, reason in reasons.items() if reason is not None}
    runs = plan_runs(
        [arm for arm in request.arms if arm not in left_out],
        repeats=task.repeats,
        max_steps=task.max_steps,
        seed=request.seed,
        evaluates=task.shape.validation is not None,
    )
    commit, dirty = read_commit()
    inputs = make_inputs(request, task, runs, device=device)
    configs = {
        run.name: arm_config(
            task.shape,
            run,
            shape_name=task.name,
            samples=task.samples,
            model=inputs["model"],
            data=inputs["data"][run.variant],
            device=device,
            commit=commit,
            dirty=dirty,
            seed=request.seed,
        )
        for run in runs
    }
    fast = next((configs[run.name] for run in runs if run.arm == "fast"), None)
    harness = measure_harness(fast, out=request.out, seconds=task.shape.harness_seconds) if fast else None
    for measured in measure_all(runs, configs, out=request.out):
        load["after"] = load_average()
        figures, missing = make_figures(
            measured, full_steps=task.full_steps, harness=harness, left_out=left_out
        )
        yield {
            "schema": 1,
            "bench": "trainer",
            "date": date,
            "machine": machine | {"load": dict(load)},
            "figures": figures,
            "raw": {
                "shape": task.name,
                "samples": task.samples,
                "steps": task.full_steps,
                "maxSteps": task.max_steps,
                "precision": precision_on(device),
                "seed": request.seed,
                "warmupSteps": WARMUP_STEPS,
                "code": {"commit": commit, "dirty": dirty},
                "outstanding": [run.name for run in runs[len(measured) :]],
                "reasons": left_out | missing,
                **raw_of(measured, task, left_out),
                "harness": harness,
            },
            "records": [one.record for one in measured if one.record],
        }


def raw_of(measured: Sequence[Measured], task: Task, left_out: dict[str, str]) -> dict[str, Any]:
    """What the figures were made of, and what must hold for them to mean anything."""
    return {
        "runs": [summarise(one, task.full_steps) for one in measured],
        "lossCurve": compare_losses(measured, left_out=left_out),
        "accuracy": compare_answers(measured),
    }


def make_inputs(request: Request, task: Task, runs: Sequence[Run], *, device: str) -> dict[str, Any]:
    """Model and data under `out`, by a process of their own; see make.py."""
    say(f"shape {task.name}, {task.samples} samples, {len(runs)} runs; making what is not there yet")
    variants = 1 + max((run.variant for run in runs), default=0)
    words = ["--out", ".", "--shape", task.name, "--samples", str(task.samples), "--variants", str(variants)]
    words += ["--seed", str(request.seed), "--device", device]
    words += ["--dtype", "float16" if device == "cuda" else "float32"]
    log = request.out / "make.log"
    ended = run_module(["trainer.bench.make", *words], cwd=request.out, log=log, label="make")
    if ended.exit_code or not isinstance(ended.last_line, dict):
        raise RocmarkError("E_BENCH", f"model and data under {request.out} could not be made:\n{tail(log)}")
    return ended.last_line


def measure_harness(config: dict[str, Any], *, out: Path, seconds: float) -> dict[str, Any]:
    """What overhead.py finds; `problem` where it fails, which costs the others nothing."""
    path = out / "harness" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    say("the harness against the bare loop")
    ended = run_module(
        ["trainer.bench.overhead", "--config", str(path.relative_to(out)), "--seconds", str(seconds)],
        cwd=out,
        log=path.with_name("log"),
        label="harness",
        environment=cache_environment(out / "cache" / "harness"),
    )
    if ended.exit_code or not isinstance(ended.last_line, dict):
        return {"problem": f"ended with exit code {ended.exit_code}:\n{tail(ended.log)}"}
    return ended.last_line
