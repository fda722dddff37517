"""attention_kernels.py and head_kernels.py as one operator with a gradient, which torch.compile takes as it is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .attention_kernels import TILE, attend_forward, attend_key_gradient, attend_query_gradient
from .head_kernels import ROWS, rotate_heads, unrotate_heads

LOG2_E = math.log2(math.e)
NUM_WARPS = 4
NUM_STAGES = {"forward": 3, "query": 2, "key": 1}
"""Of the loops' loads, by kernel: the more, the fewer programs find room at a time (one to three tried on an H100)."""


@torch.library.custom_op("rocmark::attend_projected", mutates_args=())
def attend_projected(
    qkv: Tensor,
    norms: Tensor | None,
    cos: Tensor,
    sin: Tensor,
    starts: Tensor,
    longest: int,
    heads: int,
    kv_heads: int,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Causal attention, sequence by sequence, over what a projection gave: qkv [tokens, (heads + 2 kv heads) dim].

    `norms` [2, dim] weighs the RMSNorm of each query's and key's head, None where there is none; `cos` and `sin` are
    [tokens, dim]. Sequence i lies at starts[i] to starts[i + 1] (int32), none longer than `longest`. Returns the output
    [tokens, heads dim], and for the gradient the rotated queries and keys and fp32 [heads, tokens].
    """
    tokens, dim = qkv.shape[0], cos.shape[1]
    rotated = qkv.new_empty((tokens, (heads + kv_heads) * dim))
    output = qkv.new_empty((tokens, heads * dim))
    sums = qkv.new_empty((heads, tokens), dtype=torch.float32)
    rotate_heads[(-(-tokens // ROWS.value), heads + kv_heads)](
        qkv, cos if norms is None else norms, cos, sin, rotated, qkv.stride(0), rotated.stride(0), tokens, epsilon,
        HEADS=heads, DIM=dim, NORMED=norms is not None,
    )  # fmt: skip
    key, value = rotated[:, heads * dim :], qkv[:, (heads + kv_heads) * dim :]
    attend_forward[_grid(starts, longest, heads)](
        rotated, key, value, output, sums, starts,
        rotated.stride(0), rotated.stride(0), qkv.stride(0), tokens, LOG2_E / math.sqrt(dim),
        HEADS=heads, GROUP=heads // kv_heads, DIM=dim, num_warps=NUM_WARPS, num_stages=NUM_STAGES["forward"],
    )  # fmt: skip
    return output, rotated, sums


@attend_projected.register_fake
def _(
    qkv: Tensor,
    norms: Tensor | None,
    cos: Tensor,
    sin: Tensor,
    starts: Tensor,
    longest: int,
    heads: int,
    kv_heads: int,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    tokens, dim = qkv.shape[0], cos.shape[1]
    output, rotated = qkv.new_empty((tokens, heads * dim)), qkv.new_empty((tokens, (heads + kv_heads) * dim))
    return output, rotated, qkv.new_empty((heads, tokens), dtype=torch.float32)


@torch.library.custom_op("rocmark::attend_projected_backward", mutates_args=())
def attend_projected_backward(
    gradient: Tensor,
    qkv: Tensor,
    norms: Tensor | None,
    cos: Tensor,
    sin: Tensor,
    starts: Tensor,
    output: Tensor,
    rotated: Tensor,
    sums: Tensor,
    longest: int,
    heads: int,
    kv_heads: int,
    epsilon: float,
) -> Tensor:
    """The gradient of qkv, from `gradient` [tokens, heads dim]: each kernel writes its part where it belongs."""
    tokens, dim = qkv.shape[0], cos.shape[1]
    found, deltas = qkv.new_empty(qkv.shape), torch.empty_like(sums)
    parts = [heads * dim, (heads + kv_heads) * dim]
    key, value = rotated[:, parts[0] :], qkv[:, parts[1] :]
    to_key, to_value = found[:, parts[0] :], found[:, parts[1] :]
    turned, flat, slope, into = (tensor.stride(0) for tensor in (rotated, qkv, gradient, found))
    scale = 1 / math.sqrt(dim)
    sizes = {"GROUP": heads // kv_heads, "DIM": dim, "num_warps": NUM_WARPS}
    attend_query_gradient[_grid(starts, longest, heads)](
        rotated, key, value, output, sums, starts, gradient, found, deltas,
        turned, turned, flat, output.stride(0), slope, into, tokens, LOG2_E * scale, scale,
        **sizes, num_stages=NUM_STAGES["query"],
    )  # fmt: skip
    attend_key_gradient[_grid(starts, longest, kv_heads)](
        rotated, key, value, sums, starts, gradient, deltas, to_key, to_value,
        turned, turned, flat, slope, into, into, tokens, LOG2_E * scale, scale,
        **sizes, num_stages=NUM_STAGES["key"],
    )  # fmt: skip
    unrotate_heads[(-(-tokens // ROWS.value), heads + kv_heads)](
        qkv, cos if norms is None else norms, cos, sin, found, flat, into, tokens, epsilon,
        HEADS=heads, DIM=dim, NORMED=norms is not None,
    )  # fmt: skip
    return found


@attend_projected_backward.register_fake
def _(
    gradient: Tensor,
    qkv: Tensor,
    norms: Tensor | None,
    cos: Tensor,
    sin: Tensor,
    starts: Tensor,
    output: Tensor,
    rotated: Tensor,
    sums: Tensor,
    longest: int,
    heads: int,
    kv_heads: int,
    epsilon: float,
) -> Tensor:
    return qkv.new_empty(qkv.shape)


def _keep(ctx, inputs, output) -> None:  # type: ignore[no-untyped-def]
    *tensors, longest, heads, kv_heads, epsilon = inputs
    ctx.save_for_backward(*tensors, *output)
    ctx.numbers = (longest, heads, kv_heads, epsilon)
    ctx.set_materialize_grads(False)


def _differentiate(ctx, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[no-untyped-def]
    if gradient.stride(-1) != 1:
        gradient = gradient.contiguous()
    return attend_projected_backward(gradient, *ctx.saved_tensors, *ctx.numbers), *[None] * 8


attend_projected.register_autograd(_differentiate, setup_context=_keep)


def _grid(starts: Tensor, longest: int, heads: int) -> tuple[int, int, int]:
    return -(-longest // TILE.value), starts.shape[0] - 1, heads
