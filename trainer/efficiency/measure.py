"""The record's block `efficiency`: what the device can do, what the run made of it, and where its time went."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from ..device import torch_dtype
from ..recorder import Steps
from .ceilings import Ceilings, measure_ceilings
from .profile import Profile, profile_step
from .work import Shape, least_bytes, useful_flop


def shape_of(model: Any) -> Shape:
    """The matrix products of a causal language model of Transformers, with PEFT's adapter on it or without."""
    import torch

    body = tuple(
        (part.in_features, part.out_features)
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear) and ".layers." in f".{name}" and ".lora_" not in name
    )
    vocabulary, hidden = model.get_output_embeddings().weight.shape
    return Shape(body=body, head=(hidden, vocabulary))


def measure_efficiency(
    *,
    step: Callable[[], Any],
    device: Any,
    precision: str,
    shape: Shape,
    steps: Steps,
    ranks: int,
    passes: int,
    input_seconds: float = 0.0,
) -> dict[str, Any]:
    """Measure, after training: some seconds, and up to 2 GiB of the device, so read the peak of the memory before.

    `step` is one optimizer step's forward and backward, which changes nothing; `steps` are the run's own, timed;
    `passes` is how often one rank goes through the model in a step. All ranks call this together.
    """
    profile = profile_step(step, device, input_seconds=input_seconds)
    ceilings = measure_ceilings(device, precision)
    return describe_efficiency(
        shape=shape,
        steps=steps,
        ranks=ranks,
        passes=passes,
        bytes_a_value=torch_dtype(precision).itemsize,
        ceilings=ceilings,
        profile=profile,
    )


def describe_efficiency(
    *,
    shape: Shape,
    steps: Steps,
    ranks: int,
    passes: int,
    bytes_a_value: int,
    ceilings: Ceilings,
    profile: Profile,
) -> dict[str, Any]:
    """The block, from numbers alone; work and rate are one rank's, medians over the steps as the run itself timed them."""
    timed = [
        (seconds, tokens / ranks, targets / ranks)
        for seconds, tokens, targets in zip(steps.seconds, steps.tokens, steps.target_tokens, strict=True)
        if seconds > 0
    ]
    if not timed:
        raise ValueError("steps: wanted at least one that took time, found none")
    flop = [useful_flop(shape, tokens=tokens, target_tokens=targets) for _, tokens, targets in timed]
    moved = [
        least_bytes(shape, tokens=tokens, target_tokens=targets, passes=passes, bytes_a_value=bytes_a_value)
        for _, tokens, targets in timed
    ]
    achieved = median(work / seconds for work, (seconds, _, _) in zip(flop, timed, strict=True)) / 1e12
    return {
        "ceilings": {
            "matmulTflops": ceilings.matmul_tflops,
            "copyGBs": ceilings.copy_gbs,
            "precision": ceilings.precision,
            "size": ceilings.size,
        },
        "usefulTflopPerStep": median(flop) / 1e12,
        "bytesPerStep": median(moved),
        "achievedTflops": achieved,
        "ceilingShare": achieved / ceilings.matmul_tflops,
        "shares": profile.shares,
        "profiledSteps": profile.steps,
        "passTokens": max(1, round(median(tokens for _, tokens, _ in timed) / passes)),
    }
