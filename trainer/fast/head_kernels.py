"""The norm of each head and its rotary position, as Triton kernels: one pass over query and key, forward and backward."""

from __future__ import annotations

import triton
import triton.language as tl

ROWS = tl.constexpr(32)
"""Tokens of one head that one program computes."""


@triton.jit
def rotate_heads(
    source, norms, cos, sin, target, source_token, target_token, tokens, epsilon,
    HEADS: tl.constexpr, DIM: tl.constexpr, NORMED: tl.constexpr,
):  # fmt: skip
    """target = rotated(norm(source)) for rows of heads that lie DIM apart; grid (tokens / ROWS, all heads).

    `norms` [2, DIM] weighs the first HEADS heads, the queries, and the others, the keys. The norm is rounded before it is
    weighed, as Transformers does. `cos` and `sin` are [tokens, DIM].
    """
    head = tl.program_id(1)
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    half = tl.arange(0, DIM // 2)
    inside = rows[:, None] < tokens
    at = source + rows[:, None].to(tl.int64) * source_token + head * DIM + half[None, :]
    low = tl.load(at, mask=inside, other=0.0).to(tl.float32)
    high = tl.load(at + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    if NORMED:
        weights = norms + (head >= HEADS) * DIM + half
        scale = tl.rsqrt((tl.sum(low * low, 1) + tl.sum(high * high, 1)) / DIM + epsilon)[:, None]
        kind = target.dtype.element_ty
        low = (low * scale).to(kind).to(tl.float32) * tl.load(weights).to(tl.float32)[None, :]
        high = (high * scale).to(kind).to(tl.float32) * tl.load(weights + DIM // 2).to(tl.float32)[None, :]
    turn = rows[:, None] * DIM + half[None, :]
    low_cos = tl.load(cos + turn, mask=inside, other=0.0).to(tl.float32)
    high_cos = tl.load(cos + turn + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    low_sin = tl.load(sin + turn, mask=inside, other=0.0).to(tl.float32)
    high_sin = tl.load(sin + turn + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    to = target + rows[:, None].to(tl.int64) * target_token + head * DIM + half[None, :]
    tl.store(to, (low * low_cos - high * low_sin).to(target.dtype.element_ty), mask=inside)
    tl.store(to + DIM // 2, (high * high_cos + low * high_sin).to(target.dtype.element_ty), mask=inside)


@triton.jit
def unrotate_heads(
    source, norms, cos, sin, gradient, source_token, gradient_token, tokens, epsilon,
    HEADS: tl.constexpr, DIM: tl.constexpr, NORMED: tl.constexpr,
):  # fmt: skip
    """In place: `gradient` of what `rotate_heads` gave becomes that of its source; grid and shapes as there."""
    head = tl.program_id(1)
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    half = tl.arange(0, DIM // 2)
    inside = rows[:, None] < tokens
    turn = rows[:, None] * DIM + half[None, :]
    low_cos = tl.load(cos + turn, mask=inside, other=0.0).to(tl.float32)
    high_cos = tl.load(cos + turn + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    low_sin = tl.load(sin + turn, mask=inside, other=0.0).to(tl.float32)
    high_sin = tl.load(sin + turn + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    to = gradient + rows[:, None].to(tl.int64) * gradient_token + head * DIM + half[None, :]
    low_slope = tl.load(to, mask=inside, other=0.0).to(tl.float32)
    high_slope = tl.load(to + DIM // 2, mask=inside, other=0.0).to(tl.float32)
    low = low_slope * low_cos + high_slope * high_sin
    high = high_slope * high_cos - low_slope * low_sin
    if NORMED:
        at = source + rows[:, None].to(tl.int64) * source_token + head * DIM + half[None, :]
        low_source = tl.load(at, mask=inside, other=0.0).to(tl.float32)
        high_source = tl.load(at + DIM // 2, mask=inside, other=0.0).to(tl.float32)
        weights = norms + (head >= HEADS) * DIM + half
        low *= tl.load(weights).to(tl.float32)[None, :]
        high *= tl.load(weights + DIM // 2).to(tl.float32)[None, :]
        squares = tl.sum(low_source * low_source, 1) + tl.sum(high_source * high_source, 1)
        scale = tl.rsqrt(squares / DIM + epsilon)[:, None]
        along = (tl.sum(low * low_source, 1) + tl.sum(high * high_source, 1))[:, None] / DIM * scale * scale
        low = (low - low_source * along) * scale
        high = (high - high_source * along) * scale
    tl.store(to, low.to(gradient.dtype.element_ty), mask=inside)
    tl.store(to + DIM // 2, high.to(gradient.dtype.element_ty), mask=inside)
