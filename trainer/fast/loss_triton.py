"""Cross-entropy and its gradient as one Triton kernel: the gradient takes the place of the logits."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

from ..samples import IGNORED

BLOCK = 4096
NUM_WARPS = 8


@triton.jit
def turn_into_gradient(
    logits, targets, losses, divisor, scale, width, IGNORED: tl.constexpr, BLOCK: tl.constexpr
):
    """`losses` [rows] = cross-entropy / divisor of `logits` [rows, width]; in place, the logits become scale * gradient.

    One program computes a row: grid (rows,). It looks at the row twice, for the sum and for the gradient.
    """
    row = tl.program_id(0).to(tl.int64)
    target = tl.load(targets + row)
    counted = target != IGNORED
    weight = tl.where(counted, 1.0 / tl.load(divisor), 0.0)
    at = logits + row * width
    columns = tl.arange(0, BLOCK)
    # A column each, put together at the end: no sum over a block in the loop.
    top = tl.full([BLOCK], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, width, BLOCK):
        here = start + columns
        value = tl.load(at + here, mask=here < width, other=float("-inf")).to(tl.float32)
        highest = tl.maximum(top, value)
        # Where nothing was seen yet, both are minus infinity, whose difference is not a number.
        seen = tl.where(highest == float("-inf"), 0.0, highest)
        total = total * tl.exp(top - seen) + tl.exp(value - seen)
        top = highest
    maximum = tl.max(top, 0)
    summed = tl.sum(total * tl.exp(top - maximum), 0)
    chosen = tl.load(at + tl.where(counted, target, 0)).to(tl.float32)
    tl.store(losses + row, (maximum + tl.log(summed) - chosen) * weight)
    factor = weight * tl.load(scale)
    for start in range(0, width, BLOCK):
        here = start + columns
        value = tl.load(at + here, mask=here < width, other=float("-inf")).to(tl.float32)
        slope = tl.exp(value - maximum) / summed - tl.where(here == target, 1.0, 0.0)
        tl.store(at + here, (slope * factor).to(logits.dtype.element_ty), mask=here < width)


def loss_in_place(logits: Any, targets: Any, divisor: Any, scale: Any) -> tuple[Any, Any]:
    """As head.chunk_loss, but `logits` [rows, vocabulary], contiguous, are the gradient afterwards."""
    import torch

    rows, width = logits.shape
    losses = torch.empty(rows, dtype=torch.float32, device=logits.device)
    turn_into_gradient[(rows,)](
        logits, targets, losses, divisor, scale, width, IGNORED=IGNORED, BLOCK=BLOCK, num_warps=NUM_WARPS
    )
    return losses.sum(), logits
