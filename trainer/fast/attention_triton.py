"""attention_kernels.py and head_kernels.py put together, and as one operator with a gradient for autograd and torch.compile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .attention_kernels import TILE, attend_forward, attend_key_gradient, attend_query_gradient
from .head_kernels import ROWS, rotate_heads, unrotate_heads

LOG2_E = math.log2(math.e)
NUM_WARPS = 4
NUM_STAGES = {"forward": 3, "query": 2, "key": 1}
"""Of the loops' loads, by kernel: the more, the fewer programs find room at a time (one to three tried on an H100)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Sequences behind each other, and the heads that attend in them."""

    cos: Tensor
    """[tokens, dim], as is `sin`."""
    sin: Tensor
    starts: Tensor
    """int32 [sequences + 1]: sequence i lies at starts[i] to starts[i + 1], none longer than `longest`."""
    longest: int
    heads: int
    kv_heads: int
    epsilon: float
    """Of the heads' norms."""

    @property
    def dim(self) -> int:
        """Of a head."""
        return self.cos.shape[1]

    def tiles(self, heads: int) -> tuple[int, int, int]:
        """The grid of a kernel of attention_kernels.py over so many heads."""
        return -(-self.longest // TILE.value), self.starts.shape[0] - 1, heads

    def blocks(self, tokens: int) -> tuple[int, int]:
        """The grid of a kernel of head_kernels.py."""
        return -(-tokens // ROWS.value), self.heads + self.kv_heads


def attend_into(output: Tensor, qkv: Tensor, norms: Tensor | None, rows: Rows) -> tuple[Tensor, Tensor]:
    """Causal attention, sequence by sequence, over what a projection gave: qkv [tokens, (heads + 2 kv heads) dim].

    `norms` [2, dim] weighs the RMSNorm of each query's and key's head, None where there is none. `output` is
    [tokens, heads dim]. Returns what the gradient needs: the rotated queries and keys, and fp32 [heads, tokens].
    """
    tokens, dim, heads, kv_heads = qkv.shape[0], rows.dim, rows.heads, rows.kv_heads
    rotated = qkv.new_empty((tokens, (heads + kv_heads) * dim))
    sums = qkv.new_empty((heads, tokens), dtype=torch.float32)
    rotate_heads[rows.blocks(tokens)](
        qkv, rows.cos if norms is None else norms, rows.cos, rows.sin, rotated, qkv.stride(0), rotated.stride(0),
        tokens, rows.epsilon, HEADS=heads, DIM=dim, NORMED=norms is not None,
    )  # fmt: skip
    key, value = rotated[:, heads * dim :], qkv[:, (heads + kv_heads) * dim :]
    attend_forward[rows.tiles(heads)](
        rotated, key, value, output, sums, rows.starts,
        rotated.stride(0), rotated.stride(0), qkv.stride(0), output.stride(0), tokens, LOG2_E / math.sqrt(dim),
        GROUP=heads // kv_heads, DIM=dim, num_warps=NUM_WARPS, num_stages=NUM_STAGES["forward"],
    )  # fmt: skip
    return rotated, sums


def attend_back(
    gradient: Tensor,
    qkv: Tensor,
    norms: Tensor | None,
    rows: Rows,
    output: Tensor,
    rotated: Tensor,
    sums: Tensor,
) -> Tensor:
    """The gradient of qkv, from `gradient` [tokens, heads dim]: each kernel writes its part where it belongs."""
    tokens, dim, heads, kv_heads = qkv.shape[0], rows.dim, rows.heads, rows.kv_heads
    found, deltas = qkv.new_empty(qkv.shape), torch.empty_like(sums)
    parts = [heads * dim, (heads + kv_heads) * dim]
    key, value = rotated[:, parts[0] :], qkv[:, parts[1] :]
    to_key, to_value = found[:, parts[0] :], found[:, parts[1] :]
    turned, flat, slope, into = (tensor.stride(0) for tensor in (rotated, qkv, gradient, found))
    scale = 1 / math.sqrt(dim)
    sizes = {"GROUP": heads // kv_heads, "DIM": dim, "num_warps": NUM_WARPS}
    attend_query_gradient[rows.tiles(heads)](
        rotated, key, value, output, sums, rows.starts, gradient, found, deltas,
        turned, turned, flat, output.stride(0), slope, into, tokens, LOG2_E * scale, scale,
        **sizes, num_stages=NUM_STAGES["query"],
    )  # fmt: skip
    attend_key_gradient[rows.tiles(kv_heads)](
        rotated, key, value, sums, rows.starts, gradient, deltas, to_key, to_value,
        turned, turned, flat, slope, into, into, tokens, LOG2_E * scale, scale,
        **sizes, num_stages=NUM_STAGES["key"],
    )  # fmt: skip
    unrotate_heads[rows.blocks(tokens)](
        qkv, rows.cos if norms is None else norms, rows.cos, rows.sin, found, flat, into, tokens, rows.epsilon,
        HEADS=heads, DIM=dim, NORMED=norms is not None,
    )  # fmt: skip
    return found


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
    """`attend_into` a new tensor: the output, and what the gradient needs."""
    output = qkv.new_empty((qkv.shape[0], heads * cos.shape[1]))
    rows = Rows(cos, sin, starts, longest, heads, kv_heads, epsilon)
    return output, *attend_into(output, qkv, norms, rows)


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
    """`attend_back` as an operator."""
    rows = Rows(cos, sin, starts, longest, heads, kv_heads, epsilon)
    return attend_back(gradient, qkv, norms, rows, output, rotated, sums)


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
