"""What is measured while training: one entry an optimizer step, and the end of a run that has diverged."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .device import synchronise
from .errors import RocmarkError
from .order import Plan
from .progress import Progress
from .samples import Sample

SKIPS_IN_A_ROW = 17
"""fp16's scale starts at 2^16 and halves at each skipped step: after so many it is below 1, and no scale helps."""


@dataclass(kw_only=True, slots=True)
class Steps:
    """What was measured, one entry an optimizer step."""

    seconds: list[float] = field(default_factory=list)
    """From the end of the step before (or the start of the loop) to the end of this one, device synchronised."""
    tokens: list[int] = field(default_factory=list)
    """Tokens of all ranks, padding left out."""
    target_tokens: list[int] = field(default_factory=list)
    """Tokens of all ranks that carry loss."""
    loss: list[float] = field(default_factory=list)
    """Mean over the target tokens of the effective batch."""
    gradient_norm: list[float] = field(default_factory=list)
    """Before clipping; 0 for a skipped step, which applies no gradient."""
    skipped: list[bool] = field(default_factory=list)
    """Whether fp16's scaler left the step out because a gradient overflowed."""


def make_recorder(
    *, samples: Sequence[Sample], plan: Plan, device: Any, progress: Progress, steps: Steps
) -> Any:
    """A callback that reads the clock after each optimizer step, and stops a run that has diverged."""
    from .imports import transformers

    class Recorder(transformers().TrainerCallback):
        """Fills `steps`."""

        trainer: Any = None
        skips = 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            synchronise(device)
            self.clock = time.perf_counter()
            progress.phase("train")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            synchronise(device)
            now = time.perf_counter()
            self.seconds, self.clock = now - self.clock, now

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            number = state.global_step
            loss, norm = float(logs["loss"]), float(logs["grad_norm"])
            skipped = bool(self.trainer.accelerator.optimizer_step_was_skipped)
            self.skips = self.skips + 1 if skipped else 0
            check_finite(number, len(plan.steps), loss, norm, skips=self.skips)
            members = [samples[index] for micro_batch in plan.steps[number - 1] for index in micro_batch]
            steps.seconds.append(self.seconds)
            steps.tokens.append(sum(len(sample.input_ids) for sample in members))
            steps.target_tokens.append(sum(sample.num_targets for sample in members))
            steps.loss.append(loss)
            steps.gradient_norm.append(0.0 if skipped else norm)
            steps.skipped.append(skipped)
            speed = round(steps.tokens[-1] / max(self.seconds, 1e-9))
            progress.update("train", number, len(plan.steps), loss=loss, tokens_per_second=speed)

    return Recorder()


def check_finite(
    number: int, total: int, loss: float, norm: float, *, skips: int, scale: float | None = None
) -> None:
    """End a run whose loss or gradient is no number. A step that fp16's scaler skipped may have an infinite norm.

    `skips` counts skipped steps in a row, this one included; `scale` is what the loss of this step was multiplied by,
    where it is known.
    """
    helps = skips < SKIPS_IN_A_ROW if scale is None else scale >= 1
    if math.isfinite(loss) and (math.isfinite(norm) or (skips > 0 and helps)):
        return
    found = f"a loss of {loss}" if not math.isfinite(loss) else f"a gradient norm of {norm}"
    raise RocmarkError(
        "E_DIVERGED",
        f"training diverged at step {number} of {total}: found {found}. "
        "Try a lower training.learningRate, or precision bf16 or fp32.",
        outcome="diverged",
    )
