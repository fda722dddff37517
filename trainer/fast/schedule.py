"""Numbers of each optimizer step that are known beforehand: tables on the device replace arithmetic on the host."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..config import Training

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""AdamW's, as Transformers' Trainer sets them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTable:
    """One entry for each optimizer step that is applied; a skipped step does not advance."""

    learning_rate: list[float]
    step_size: list[float]
    """Learning rate over AdamW's first bias correction, 1 - beta1^t."""
    second_correction: list[float]
    """Square root of AdamW's second bias correction, 1 - beta2^t."""
    decay: list[float]
    """What decoupled weight decay leaves of a parameter: 1 - learning rate * weight decay."""


def make_table(training: Training, num_steps: int) -> StepTable:
    """The schedule of Transformers (get_cosine_, get_linear_, get_constant_schedule_with_warmup) and AdamW's corrections."""
    rates = [training.learning_rate * factor(training, step, num_steps) for step in range(num_steps)]
    return StepTable(
        learning_rate=rates,
        step_size=[rate / (1 - BETA1 ** (step + 1)) for step, rate in enumerate(rates)],
        second_correction=[math.sqrt(1 - BETA2 ** (step + 1)) for step in range(num_steps)],
        decay=[1 - rate * training.weight_decay for rate in rates],
    )


def factor(training: Training, step: int, num_steps: int) -> float:
    """Share of the learning rate that step `step` (from 0) takes."""
    warmup = math.ceil(round(training.warmup_ratio * num_steps, 6))
    if step < warmup:
        return step / max(1, warmup)
    if training.schedule == "constant":
        return 1.0
    progress = (step - warmup) / max(1, num_steps - warmup)
    if training.schedule == "linear":
        return max(0.0, 1.0 - progress)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))
