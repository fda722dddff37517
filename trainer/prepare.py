"""What every verb does first: the imports, the device, and meeting the other ranks."""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .config import Config
from .data import load_questions
from .device import choose_device, device_kind
from .errors import refuse
from .facts import installed_facts
from .fast.architecture import FAMILIES
from .fast.speed import expects_compiler
from .lean import leave_out_compiler, without_spread_tensors
from .progress import Progress
from .prompt import Question
from .record import Findings
from .world import Place, World


@contextmanager
def garbage_kept() -> Iterator[None]:
    """No garbage collection meanwhile: imports make a million objects that stay, and looking at them takes a second."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_everything(config: Config, findings: Findings, progress: Progress) -> None:
    """Pay for the imports at once, so that no other phase pays for them."""
    progress.phase("import")
    with findings.phase("import"), garbage_kept():
        import torch

        on_gpu = config.device != "cpu" and torch.cuda.is_available()
        # The walkthrough asks for all of it while it trains, and its first step must not pay for an import.
        if config.recipe == "walkthrough":
            _import_models()
            _import_trainer()
        elif expects_compiler(config, on_gpu=on_gpu):
            _import_models()
        else:
            leave_out_compiler()
            with without_spread_tensors():
                _import_models()
                for family in FAMILIES:
                    importlib.import_module(f"transformers.models.{family}.modeling_{family}")


def _import_models() -> None:
    from .imports import peft, transformers

    package = transformers()
    _ = package.AutoModelForCausalLM, package.AutoTokenizer
    peft()


def _import_trainer() -> None:
    from .imports import transformers

    _ = transformers().Trainer


def prepare_device(config: Config, place: Place, findings: Findings) -> Any:
    """Threads and device, before anything is put on it."""
    import torch

    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config, place)
    findings.device = device_kind(device)
    return device


def meet(config: Config, world: World, device: Any, findings: Findings) -> None:
    """Tell each other what every node found, and refuse ranks that were given different configs."""
    findings.transport = world.transport
    node = config.world.nodes[world.place.rank // config.world.ranks_per_node]
    same = hashlib.sha256(repr(replace(config, threads=None)).encode()).hexdigest()
    told = world.gather((node, json.loads(json.dumps(installed_facts(device))), same))
    others = [rank for rank, (_, _, digest) in enumerate(told) if digest != told[0][2]]
    if others:
        raise refuse(
            "E_CONFIG",
            f"world: wanted one config on all ranks, found another on rank {others[0]} than on rank 0. "
            "Send the same file to every node (threads alone may differ).",
        )
    for name, facts, _ in told:
        findings.installed.setdefault(name, facts)


def load_validation(config: Config) -> list[Question]:
    """The questions of the evaluation."""
    return load_questions(config.data, split="validation", limit=config.data.validation_samples)
