"""Whether a run fits a GPU, what is left, and how many samples could go through at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .gpus import Gpu, usable_gib
from .predict import Prediction

MOST_SAMPLES = 4096
"""No batch above this is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A run on a GPU."""

    gpu: Gpu
    needed_gib: float
    usable_gib: float
    largest_batch: int
    """Most samples at once that fit, up to MOST_SAMPLES; 0 when not even one does."""
    refused: str | None
    """Why the GPU cannot run it whatever its memory, None when it can."""

    @property
    def fits(self) -> bool:
        """Whether the run, as it is configured, can go on this GPU."""
        return self.refused is None and self.needed_gib <= self.usable_gib

    @property
    def headroom_gib(self) -> float:
        """What stays free of the usable memory; negative where too much is needed."""
        return self.usable_gib - self.needed_gib


def fit_on(gpu: Gpu, needed: Callable[[int], float], *, batch: int, precision: str) -> Fit:
    """How a run goes on a GPU; `needed` is what a pass of so many samples needs, in GiB."""
    usable = usable_gib(gpu.capacity_gib)
    refused = f"no {precision} in hardware" if precision in gpu.lacks else None
    return Fit(
        gpu=gpu,
        needed_gib=needed(batch),
        usable_gib=usable,
        largest_batch=0 if refused else largest_batch(needed, usable),
        refused=refused,
    )


def largest_batch(needed: Callable[[int], float], usable: float) -> int:
    """Most samples whose need is within what is usable; `needed` must not fall as samples are added."""
    low, high = 0, 1
    while high <= MOST_SAMPLES and needed(high) <= usable:
        low, high = high, 2 * high
    high = min(high, MOST_SAMPLES + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if needed(middle) <= usable else (low, middle)
    return low


def out_of_memory_hint(prediction: Prediction, capacity_gib: float, *, needed: Callable[[int], float]) -> str:
    """What to say when the memory did not suffice: the predicted need, and the largest batch that should fit.

    `capacity_gib` is the memory of the device as torch sees it; `needed` as in `fit_on`, see `needed_by_samples`.
    """
    key = batch_key(prediction.job.recipe)
    largest = largest_batch(needed, usable_gib(capacity_gib))
    need = (
        f"predicted peak {prediction.peak_gib:.1f} GiB at {prediction.demanding.samples} samples at once, "
        f"{usable_gib(capacity_gib):.1f} of {capacity_gib:.1f} GiB usable"
    )
    if largest >= prediction.demanding.samples:
        return f"{need}: it should have fitted. Is something else on this GPU?"
    if largest > 0:
        return f"{need}. {key} {largest} should fit."
    relief = "" if prediction.job.checkpointing else " training.gradientCheckpointing needs less,"
    return (
        f"{need}. Not even one sample fits:{relief} and so do a smaller training.maxLength and a larger GPU."
    )


def batch_key(recipe: str) -> str:
    """The key of the config that says how many samples go through at once."""
    return "fast.samplesAtOnce" if recipe == "fast" else "training.microBatch"
