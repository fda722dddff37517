"""Peak memory of a run, in bytes by part: the largest moment of its most demanding pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..config import Config
from ..order import Plan
from .direct import found_bytes
from .fast import fast_moments, input_bytes
from .job import Job, Pass, job_of, pass_of
from .packed import pack
from .shape import parse_shape
from .walkthrough import walkthrough_moments

WORKSPACE = {"cuda": 32 * 2**20, "rocm": 128 * 2**20}
"""What the matrix library gets for each stream of each thread that calls it, and keeps: 32 MiB on Hopper and Blackwell, 128
MiB on gfx94 and gfx95, less on others (torch 2.11, aten/src/ATen/cuda/CublasHandlePool.cpp)."""

SLACK = 0.01
"""Share of activations that the caching allocator hands out beyond what was asked: it splits no block of which less than
1 MiB would be left (torch 2.11, c10/cuda/CUDACachingAllocator.cpp). Three runs on an H100 took 0, 0 and 1.7 % more than was
asked: in the last many tensors had 17 MiB, for which it gives 18."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """The peak of allocated memory on one accelerator."""

    moment: str
    """When: at the loss, in a layer's backward pass or its second forward pass, or in the optimizer's step."""
    parts: dict[str, int]
    """Bytes by what they hold, at that moment."""
    demanding: Pass
    """The pass that needs it."""
    job: Job

    @property
    def peak_bytes(self) -> int:
        """Of all parts."""
        return sum(self.parts.values())

    @property
    def peak_gib(self) -> float:
        """In GiB, 1024^3 bytes, as torch.cuda.max_memory_allocated counts."""
        return self.peak_bytes / 2**30


def predict(job: Job, run: Pass, *, accelerator: str = "cuda") -> Prediction:
    """The peak of a run in which every pass is like this one."""
    fixed = fixed_parts(job) | {"libraries": workspaces(job, accelerator) * WORKSPACE[accelerator]}
    moments = fast_moments(job, run) if job.recipe == "fast" else walkthrough_moments(job, run)
    # AdamW over a list of tensors takes the square root of its second moment as one more copy of the adapters.
    moments["optimizer step"] = {"optimizer": 4 * job.adapter_parameters}
    found = []
    for moment, parts in moments.items():
        whole = {part: fixed.get(part, 0) + parts.get(part, 0) for part in (fixed | parts)}
        whole["allocator slack"] = round(SLACK * sum(parts.values()))
        found.append(Prediction(moment=moment, parts=whole, demanding=run, job=job))
    return max(found, key=lambda one: one.peak_bytes)


def workspaces(job: Job, accelerator: str) -> int:
    """Workspaces of the matrix library: of the threads that go forward and backward, on each stream that they use.

    With graphs (fast/graphs.py) that is the stream of the first eager pass and the one that is captured; forward products of
    before, the rotary tables', ran on the device's own. A pass that is written out goes back in the thread in which it came.
    """
    graphed = job.is_graphed(accelerator)
    if job.direct:
        return 3 if graphed else 1
    return 5 if graphed else 2


def fixed_parts(job: Job) -> dict[str, int]:
    """What is there all the time, from the second optimizer step on."""
    adapters = job.adapter_parameters
    copies = 2 if job.recipe == "fast" and job.mixed else 0
    found = found_bytes(job) if job.recipe == "fast" and job.direct else 0
    # DistributedDataParallel keeps buckets beside the gradients.
    buckets = 4 if job.recipe == "walkthrough" and job.ranks > 1 else 0
    return {
        "weights": job.width * job.shape.parameters,
        "adapters": (4 + copies) * adapters,
        "gradients": (4 + buckets) * adapters + found,
        "optimizer": 8 * adapters,
    }


def predict_run(
    config: Config,
    model_config: dict[str, Any],
    samples_lengths: Sequence[int],
    target_counts: Sequence[int],
    plan: Plan,
    *,
    accelerator: str = "cuda",
) -> Prediction:
    """The peak of a run whose samples are known: of its most demanding pass, on whichever rank that is.

    `model_config` is the model's config.json, `plan` says which samples meet in a pass, `accelerator` is cuda or rocm.
    """
    job = job_of(config, parse_shape(model_config, source=f"model.name {config.model.name!r}"))
    passes = [
        pass_of([samples_lengths[i] for i in indexes], [target_counts[i] for i in indexes])
        for step in plan.steps
        for indexes in passes_of_step(step, job=job, samples_at_once=config.fast.samples_at_once)
    ]
    if job.recipe == "fast":
        packs = [pack(job, run) for run in passes]
        everything = sum(input_bytes(packed.tokens, packed.targets) for packed in packs)
        job = replace(job, inputs=everything // job.ranks)
    return max(
        (predict(job, run, accelerator=accelerator) for run in set(passes)), key=lambda one: one.peak_bytes
    )


def passes_of_step(
    step: Sequence[Sequence[int]], *, job: Job, samples_at_once: int | None
) -> Iterable[Sequence[int]]:
    """Sample indexes of each pass of one optimizer step: the planned micro-batches, or what `fast` packs of a rank's share."""
    if job.recipe == "walkthrough":
        return step
    share = len(step) // job.ranks
    passes = []
    for rank in range(job.ranks):
        mine = [index for micro_batch in step[rank * share : (rank + 1) * share] for index in micro_batch]
        size = samples_at_once or len(mine)
        passes += [mine[start : start + size] for start in range(0, len(mine), size)]
    return passes
