"""`python -m trainer.bench.liger train ...`: the trainer with Liger's kernels under Transformers' Qwen3.

By Liger's public call, before the model is built. Its fused head with loss stays off: the trainer's own loss is computed
on target rows alone, which is less work, and in fp32 after the loss scale, which fp16 needs.
"""

from __future__ import annotations

import sys

from ..__main__ import leave
from ..cli import main
from ..imports import transformers


def apply() -> None:
    """Put Liger's norm, rotary positions and SwiGLU in the place of Transformers'."""
    transformers()
    from liger_kernel.transformers import apply_liger_kernel_to_qwen3

    apply_liger_kernel_to_qwen3(
        rope=True, rms_norm=True, swiglu=True, cross_entropy=False, fused_linear_cross_entropy=False
    )


if __name__ == "__main__":
    apply()
    leave(main(sys.argv[1:]))
