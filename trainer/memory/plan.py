"""The verb `plan`: what a run will need, and on which GPUs that fits. Reads a config, starts nothing, needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import Config
from .evaluation import evaluation_at_most
from .fit import Fit, batch_key, fit_on
from .gpus import GIB, GPUS, RESERVED_SHARE
from .job import even_pass, job_of
from .known import read_shape
from .predict import Prediction, predict


def plan_memory(
    config: Config, *, longest: int | None, mean_length: int | None, target_share: float
) -> dict[str, Any]:
    """What `python -m trainer plan` prints.

    Where nothing is known of the samples, each is taken as long as `training.maxLength` and as all target: an upper bound.
    """
    job = job_of(config, read_shape(config.model.name))
    longest = min(longest or config.training.max_length, config.training.max_length)
    mean_length = min(mean_length or longest, longest)
    batch = samples_at_once(config)

    def prediction(samples: int, accelerator: str) -> Prediction:
        run = even_pass(samples, mean_length=mean_length, longest=longest, target_share=target_share)
        return predict(job, run, accelerator=accelerator)

    evaluation = evaluation_at_most(config, job) / GIB

    def needed(accelerator: str) -> Callable[[int], float]:
        return lambda samples: max(prediction(samples, accelerator).peak_gib, evaluation)

    fits = [fit_on(gpu, needed(gpu.accelerator), batch=batch, precision=config.precision) for gpu in GPUS]
    found = prediction(batch, GPUS[0].accelerator)
    return {
        "schema": 1,
        "model": config.model.name,
        "recipe": config.recipe,
        "precision": config.precision,
        "batch": {"key": batch_key(config.recipe), "samples": batch},
        "assumed": {
            "longest": longest,
            "meanLength": mean_length,
            "targetShare": target_share,
            "reservedShare": RESERVED_SHARE,
        },
        "predicted": render_prediction(found) | {"evaluationAtMostGiB": round(evaluation, 3)},
        "gpus": [render_fit(fit) for fit in fits],
    }


def samples_at_once(config: Config) -> int:
    """Samples of one pass, as configured: of `fast` without a setting, a rank's share of the effective batch."""
    if config.recipe == "walkthrough":
        return config.training.micro_batch
    share = config.training.effective_batch // config.world.ranks
    return min(config.fast.samples_at_once or share, share)


def render_prediction(prediction: Prediction) -> dict[str, Any]:
    """A prediction in JSON, in GiB."""
    return {
        "peakGiB": round(prediction.peak_gib, 3),
        "moment": prediction.moment,
        "partsGiB": {part: round(size / GIB, 3) for part, size in prediction.parts.items()},
    }


def render_fit(fit: Fit) -> dict[str, Any]:
    """A GPU's line in JSON."""
    return {
        "name": fit.gpu.name,
        "memoryGB": fit.gpu.memory_gb,
        "usableGiB": round(fit.usable_gib, 2),
        "neededGiB": round(fit.needed_gib, 2),
        "fits": fit.fits,
        "refused": fit.refused,
        "headroomGiB": round(fit.headroom_gib, 2),
        "headroomPercent": round(100 * fit.headroom_gib / fit.usable_gib, 1),
        "largestBatch": fit.largest_batch,
    }
