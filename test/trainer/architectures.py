"""Sizes of a model for tests that need no model."""

from __future__ import annotations

from trainer.fast.architecture import Architecture


def any_architecture() -> Architecture:
    """Sizes that no block of a kernel divides."""
    return Architecture(
        family="qwen3",
        layers=1,
        hidden=48,
        heads=4,
        kv_heads=2,
        head_dim=16,
        intermediate=1500,
        vocabulary=5000,
        epsilon=1e-6,
        head_norms=True,
    )
