"""A step of the Trainer that can be run again and again and leaves nothing behind, for the profile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from statistics import median
from typing import Any

from ..order import Plan
from ..samples import IGNORED, Sample


def typical_step(tokens: Sequence[int]) -> int:
    """Which step to repeat: the 0-based one in the middle by number of tokens; of an even number, the smaller."""
    return sorted(range(len(tokens)), key=lambda step: (tokens[step], step))[(len(tokens) - 1) // 2]


def typical_step_of(samples: Sequence[Sample], plan: Plan) -> int:
    """`typical_step` of a run, over the tokens of all ranks: the same on each of them."""
    return typical_step(
        [sum(len(samples[index].input_ids) for part in step for index in part) for step in plan.steps]
    )


def wait_for_inputs(make_loader: Callable[[], Iterable[Any]], repeats: int = 3) -> float:
    """Seconds that a step waits for its samples: median of going through a loader of them and doing nothing else.

    With no worker process a loader makes each batch when it is asked for, so that the wait is as long here as in
    training, where no clock disturbs it.
    """
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for _ in make_loader():
            pass
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def repeat_trainer_step(trainer: Any, batches: Sequence[dict[str, Any]]) -> Callable[[], None]:
    """One optimizer step's forward and backward as Transformers' Trainer does them, after its `train()`.

    `batches` are the micro-batches of that step that this rank takes, as the collator makes them. Adapter, optimizer,
    scaler and random numbers stay as they were; gradients are dropped. Clipping, the optimizer and logging are not in it.
    """
    import torch

    from ..imports import transformers

    training_step = transformers().Trainer.training_step
    model, device = trainer.model_wrapped, trainer.args.device
    targets = sum((batch["labels"][:, 1:] != IGNORED).sum() for batch in batches).to(device)
    devices = [device] if device.type == "cuda" else []

    def step() -> None:
        training = model.training
        with torch.random.fork_rng(devices):
            for number, batch in enumerate(batches, start=1):
                last = number == len(batches)
                with nullcontext() if last else trainer.accelerator.no_sync(model):
                    training_step(trainer, model, dict(batch), targets)
        model.zero_grad(set_to_none=True)
        model.train(training)

    return step
