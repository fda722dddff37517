"""RMSNorm with the addition before it, as Triton kernels: a residual stream is read and written once, forward and backward."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl


@triton.jit
def add_and_norm(
    stream,
    added,
    weight,
    total,
    target,
    target_token,
    width,
    epsilon,
    ADDS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """total = stream + added, and target = weight * total / rms(total), row by row; grid (rows,).

    All but `target`, whose rows lie `target_token` apart, are contiguous [rows, width]. The norm is rounded before it is
    weighed, as Transformers does. Without ADDS the stream itself is normed, and `added` and `total` are not looked at.
    """
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    value = tl.load(stream + row * width + columns, mask=inside, other=0.0)
    if ADDS:
        value += tl.load(added + row * width + columns, mask=inside, other=0.0)
        tl.store(total + row * width + columns, value, mask=inside)
    wide = value.to(tl.float32)
    scale = tl.rsqrt(tl.sum(wide * wide, 0) / width + epsilon)
    normed = (wide * scale).to(value.dtype).to(tl.float32)
    weighed = normed * tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    tl.store(target + row * target_token + columns, weighed.to(target.dtype.element_ty), mask=inside)


@triton.jit
def add_norm_gradient(stream, weight, slope, slope_token, gradient, width, epsilon, BLOCK: tl.constexpr):
    """In place: `gradient` [rows, width] of the stream grows by what comes back through its norm; grid (rows,).

    `slope`, of the norm's result, has rows `slope_token` apart.
    """
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    at = gradient + row * width + columns
    value = tl.load(stream + row * width + columns, mask=inside, other=0.0).to(tl.float32)
    above = tl.load(slope + row * slope_token + columns, mask=inside, other=0.0).to(tl.float32)
    above *= tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(value * value, 0) / width + epsilon)
    along = tl.sum(above * value, 0) / width * scale * scale
    grown = tl.load(at, mask=inside, other=0.0).to(tl.float32) + (above - value * along) * scale
    tl.store(at, grown.to(gradient.dtype.element_ty), mask=inside)


def norm_into(target: Any, stream: Any, added: Any, weight: Any, epsilon: float) -> Any:
    """Put the norm of `stream` + `added` [rows, width] into `target`, and return the sum; `added` may be None."""
    rows, width = stream.shape
    total = stream if added is None else stream.new_empty(stream.shape)
    add_and_norm[(rows,)](
        stream, stream if added is None else added, weight, total, target, target.stride(0), width, epsilon,
        ADDS=added is not None, BLOCK=triton.next_power_of_2(width),
    )  # fmt: skip
    return total


def norm_back(gradient: Any, stream: Any, weight: Any, slope: Any, epsilon: float) -> None:
    """Add to `gradient` [rows, width] of `stream` what `slope`, the gradient of its norm, gives back."""
    rows, width = stream.shape
    add_norm_gradient[(rows,)](
        stream, weight, slope, slope.stride(0), gradient, width, epsilon, BLOCK=triton.next_power_of_2(width)
    )
