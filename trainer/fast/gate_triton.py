"""The gated product silu(gate) * up as Triton kernels: its gradient is written once, where one product can read it."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 1024


@triton.jit
def gate_forward(source, target, width, target_token, BLOCK: tl.constexpr):
    """target [tokens, width] = silu(source[:, :width]) * source[:, width:]; grid (tokens, width / BLOCK).

    The target's rows lie `target_token` apart, in the backward pass the slope's `slope_token`.
    """
    token = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < width
    at = source + token * 2 * width + columns
    gate = tl.load(at, mask=inside, other=0.0).to(tl.float32)
    up = tl.load(at + width, mask=inside, other=0.0).to(tl.float32)
    # Rounded as torch's silu rounds its result.
    active = (gate * tl.sigmoid(gate)).to(target.dtype.element_ty).to(tl.float32)
    tl.store(target + token * target_token + columns, (active * up).to(target.dtype.element_ty), mask=inside)


@triton.jit
def gate_backward(source, slope, gradient, width, slope_token, BLOCK: tl.constexpr):
    """gradient [tokens, 2 width] of the source, in whose place it may lie, from `slope` [tokens, width]; grid as above."""
    token = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < width
    at = token * 2 * width + columns
    gate = tl.load(source + at, mask=inside, other=0.0).to(tl.float32)
    up = tl.load(source + at + width, mask=inside, other=0.0).to(tl.float32)
    above = tl.load(slope + token * slope_token + columns, mask=inside, other=0.0).to(tl.float32)
    sigmoid = tl.sigmoid(gate)
    to_gate = above * up * sigmoid * (1.0 + gate * (1.0 - sigmoid))
    kind = gradient.dtype.element_ty
    tl.store(gradient + at, to_gate.to(kind), mask=inside)
    tl.store(gradient + at + width, (above * gate * sigmoid).to(kind), mask=inside)


def gate(source: Tensor, target: Tensor | None = None) -> Tensor:
    """silu(gate) * up of a contiguous source [tokens, 2 width], gate before up, in `target` or a new tensor [tokens, width]."""
    tokens, width = source.shape[0], source.shape[1] // 2
    if target is None:
        target = source.new_empty((tokens, width))
    gate_forward[(tokens, -(-width // BLOCK))](source, target, width, target.stride(0), BLOCK=BLOCK)
    return target


def gate_back(source: Tensor, slope: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of the source in `gradient`, which may be the source itself; `slope` is the result's."""
    tokens, width = slope.shape
    gate_backward[(tokens, -(-width // BLOCK))](source, slope, gradient, width, slope.stride(0), BLOCK=BLOCK)
    return gradient


@torch.library.custom_op("rocmark::gated", mutates_args=())
def gated(source: Tensor) -> Tensor:
    """silu(gate) * up of a contiguous source [tokens, 2 width], gate before up: [tokens, width]."""
    return gate(source)


@gated.register_fake
def _(source: Tensor) -> Tensor:
    return source.new_empty((source.shape[0], source.shape[1] // 2))


@torch.library.custom_op("rocmark::gated_backward", mutates_args=())
def gated_backward(source: Tensor, slope: Tensor) -> Tensor:
    """Gradient of the source, from that of the result."""
    return gate_back(source, slope, source.new_empty(source.shape))


@gated_backward.register_fake
def _(source: Tensor, slope: Tensor) -> Tensor:
    return source.new_empty(source.shape)


def _keep(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    ctx.save_for_backward(*inputs)


def _differentiate(ctx, slope: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    (source,) = ctx.saved_tensors
    return gated_backward(source, slope if slope.stride(-1) == 1 else slope.contiguous())


gated.register_autograd(_differentiate, setup_context=_keep)
