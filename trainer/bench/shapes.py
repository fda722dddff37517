"""What is fine-tuned in a benchmark: a model, its data and settings, under one name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .lengths import Lengths


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """A Qwen3 model that is made here, with random weights and tied embeddings."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """One benchmark's subject. All arms share `lora` and `training`, except for what `published` says of `walkthrough`."""

    sizes: Sizes | None
    """None for the bundled model and its questions."""
    lengths: Lengths | None
    """Of the samples that are made; None for the bundled questions."""
    samples: int
    repeats: int
    max_steps: int | None
    """Optimizer steps of the slow arms, null for all; the rest is extrapolated, and the result says so."""
    validation: int | None
    """Questions that tell whether two arms learned the same; None where weights are random and nothing can be learned."""
    harness_seconds: float
    """How long steps inside the harness and bare ones take turns."""
    lora: dict[str, Any]
    training: dict[str, Any]
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Settings of the published walkthrough that make it another arm than `trainer`, by section of the config."""


ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
TRAINING = {
    "epochs": 1,
    "tooLong": "refuse",
    "microBatch": 4,
    "effectiveBatch": 16,
    "schedule": "cosine",
    "warmupRatio": 0.05,
    "weightDecay": 0,
    "maxGradientNorm": 1,
    "gradientCheckpointing": False,
    "maxSteps": None,
}
"""The published script's (HK2184/MedQA-Medical-AI-on-AMD-ROCm, train.py), where it says; one epoch instead of two."""

RANDOM = {
    "lora": {"rank": 8, "alpha": 16, "dropout": 0, "targets": ATTENTION},
    # The longest sample that lengths.py makes has 512 tokens: nothing is cut.
    "training": TRAINING | {"maxLength": 512, "learningRate": 2e-4, "lossOn": "answer"},
    # As published: adapters on two projections, dropout, loss on the question too, and samples cut at 256 tokens, which
    # is less work than the other arms do.
    "published": {
        "lora": {"dropout": 0.05, "targets": ["q_proj", "v_proj"]},
        "training": {"gradientCheckpointing": True, "maxLength": 256, "tooLong": "cut", "lossOn": "all"},
    },
}

SHAPES: dict[str, Shape] = {
    # The settings that stacks/Pulumi.local.yaml trains the bundled model with. All arms learn the same, so that their
    # accuracy can be compared: of the published settings the walkthrough keeps those that change no result.
    "bundled": Shape(
        sizes=None,
        lengths=None,
        samples=2000,
        repeats=2,
        max_steps=None,
        validation=600,
        harness_seconds=30,
        lora={
            "rank": 16,
            "alpha": 32,
            "dropout": 0,
            "targets": [*ATTENTION, "gate_proj", "up_proj", "down_proj"],
        },
        training=TRAINING | {"maxLength": 256, "learningRate": 5e-3, "lossOn": "option"},
        published={"training": {"gradientCheckpointing": True}},
    ),
    "qwen3-1.7b": Shape(
        sizes=Sizes(
            layers=28, hidden=2048, heads=16, kv_heads=8, head_dim=128, intermediate=6144, vocabulary=151_936
        ),
        lengths=Lengths(mean=420_097 / 2000, target_share=0.4),
        samples=2000,
        repeats=1,
        max_steps=30,
        validation=None,
        harness_seconds=30,
        **RANDOM,
    ),
    # The same code path in seconds, for tests.
    "tiny": Shape(
        sizes=Sizes(layers=2, hidden=32, heads=4, kv_heads=2, head_dim=8, intermediate=64, vocabulary=4352),
        lengths=Lengths(mean=120, target_share=0.4),
        samples=64,
        repeats=1,
        max_steps=3,
        validation=None,
        harness_seconds=2,
        **RANDOM,
    ),
}
