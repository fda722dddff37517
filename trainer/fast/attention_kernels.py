"""Attention within the samples of a row, as Triton kernels: short sequences, causal, each by itself.

The libraries' kernels are made for long sequences: at 200 tokens a sample most of their time goes into launches, copies and
sums around them. Here every tile computes alone, keys and values serve their group of query heads where they lie, and no
gradient is added up in memory, so that the same inputs give the same bits. The arithmetic is that of FlashAttention-2
(Dao 2023, arXiv 2307.08691): scores and their gradients in fp32, rounded to the inputs' type for the next product.

A row is [tokens, heads, dim] with free strides of tokens; heads lie dim apart. Sequence i is `starts[i]` to `starts[i + 1]`.
"""

from __future__ import annotations

import triton
import triton.language as tl

TILE = tl.constexpr(64)
"""Tokens: a sample of 200 is four tiles, and the last wastes least."""


@triton.jit
def load_rows(tensor, rows, columns, stride, length):
    """[TILE, dim] of one sequence and head; rows from `length` on are zeros."""
    return tl.load(tensor + rows[:, None] * stride + columns[None, :], mask=rows[:, None] < length, other=0.0)


@triton.jit
def attend_forward(
    query, key, value, output, sums, starts,
    query_token, key_token, value_token, output_token, tokens, factor,
    GROUP: tl.constexpr, DIM: tl.constexpr,
):  # fmt: skip
    """Output [tokens, heads, DIM], and of each row the logarithm to base 2 of its softmax's sum [heads, tokens].

    One program computes TILE rows of one head: grid (tiles of the longest sequence, sequences, heads). Strides are in
    elements, `factor` scales scores to exponents of 2, GROUP is how many query heads share a key's.
    """
    sequence, head = tl.program_id(1), tl.program_id(2)
    begin = tl.load(starts + sequence).to(tl.int64)
    length = tl.load(starts + sequence + 1) - begin
    # The last tile of a sequence has most keys to look at: it goes first.
    first = (tl.num_programs(0) - 1 - tl.program_id(0)) * TILE
    if first < length:
        columns = tl.arange(0, DIM)
        rows = first + tl.arange(0, TILE)
        keys = key + begin * key_token + head // GROUP * DIM
        values = value + begin * value_token + head // GROUP * DIM
        q = load_rows(query + begin * query_token + head * DIM, rows, columns, query_token, length)
        top = tl.full([TILE], float("-inf"), tl.float32)
        total = tl.zeros([TILE], tl.float32)
        result = tl.zeros([TILE, DIM], tl.float32)
        for start in range(0, first + TILE, TILE):
            others = start + tl.arange(0, TILE)
            k = load_rows(keys, others, columns, key_token, length)
            scores = tl.dot(q, tl.trans(k)) * factor
            scores = tl.where(rows[:, None] >= others[None, :], scores, float("-inf"))
            highest = tl.maximum(top, tl.max(scores, 1))
            weights = tl.exp2(scores - highest[:, None])
            kept = tl.exp2(top - highest)
            total = total * kept + tl.sum(weights, 1)
            v = load_rows(values, others, columns, value_token, length)
            result = tl.dot(weights.to(v.dtype), v, result * kept[:, None])
            top = highest
        place = output + (begin + rows[:, None]) * output_token + head * DIM + columns[None, :]
        tl.store(place, (result / total[:, None]).to(output.dtype.element_ty), mask=rows[:, None] < length)
        tl.store(sums + head * tokens + begin + rows, top + tl.log2(total), mask=rows < length)


@triton.jit
def attend_query_gradient(
    query, key, value, output, sums, starts, gradient, query_gradient, deltas,
    query_token, key_token, value_token, output_token, gradient_token, query_gradient_token, tokens, factor, scale,
    GROUP: tl.constexpr, DIM: tl.constexpr,
):  # fmt: skip
    """Gradient of the queries; grid as in the forward.

    Leaves in `deltas` [heads, tokens] each row's sum of output times its gradient, which `attend_key_gradient` needs.
    """
    sequence, head = tl.program_id(1), tl.program_id(2)
    begin = tl.load(starts + sequence).to(tl.int64)
    length = tl.load(starts + sequence + 1) - begin
    first = (tl.num_programs(0) - 1 - tl.program_id(0)) * TILE
    if first < length:
        columns = tl.arange(0, DIM)
        rows = first + tl.arange(0, TILE)
        keys = key + begin * key_token + head // GROUP * DIM
        values = value + begin * value_token + head // GROUP * DIM
        q = load_rows(query + begin * query_token + head * DIM, rows, columns, query_token, length)
        slope = load_rows(
            gradient + begin * gradient_token + head * DIM, rows, columns, gradient_token, length
        )
        o = load_rows(output + begin * output_token + head * DIM, rows, columns, output_token, length)
        place = head * tokens + begin + rows
        logs = tl.load(sums + place, mask=rows < length, other=float("inf"))
        delta = tl.sum(o.to(tl.float32) * slope.to(tl.float32), 1)
        tl.store(deltas + place, delta, mask=rows < length)
        result = tl.zeros([TILE, DIM], tl.float32)
        for start in range(0, first + TILE, TILE):
            others = start + tl.arange(0, TILE)
            k = load_rows(keys, others, columns, key_token, length)
            v = load_rows(values, others, columns, value_token, length)
            scores = tl.dot(q, tl.trans(k)) * factor
            weights = tl.where(rows[:, None] >= others[None, :], tl.exp2(scores - logs[:, None]), 0.0)
            slopes = weights * (tl.dot(slope, tl.trans(v)) - delta[:, None])
            result = tl.dot(slopes.to(k.dtype), k, result)
        at = query_gradient + (begin + rows[:, None]) * query_gradient_token + head * DIM + columns[None, :]
        tl.store(at, (result * scale).to(query_gradient.dtype.element_ty), mask=rows[:, None] < length)


@triton.jit
def attend_key_gradient(
    query, key, value, sums, starts, gradient, deltas, key_gradient, value_gradient,
    query_token, key_token, value_token, gradient_token, key_gradient_token, value_gradient_token,
    tokens, factor, scale,
    GROUP: tl.constexpr, DIM: tl.constexpr,
):  # fmt: skip
    """Gradients of keys and values; grid (tiles of the longest sequence, sequences, kv heads)."""
    sequence, kv_head = tl.program_id(1), tl.program_id(2)
    begin = tl.load(starts + sequence).to(tl.int64)
    length = tl.load(starts + sequence + 1) - begin
    first = tl.program_id(0) * TILE
    if first < length:
        columns = tl.arange(0, DIM)
        others = first + tl.arange(0, TILE)
        k = load_rows(key + begin * key_token + kv_head * DIM, others, columns, key_token, length)
        v = load_rows(value + begin * value_token + kv_head * DIM, others, columns, value_token, length)
        to_key = tl.zeros([TILE, DIM], tl.float32)
        to_value = tl.zeros([TILE, DIM], tl.float32)
        for head in range(kv_head * GROUP, (kv_head + 1) * GROUP):
            queries = query + begin * query_token + head * DIM
            slopes_of = gradient + begin * gradient_token + head * DIM
            for start in range(first, length, TILE):
                rows = start + tl.arange(0, TILE)
                q = load_rows(queries, rows, columns, query_token, length)
                slope = load_rows(slopes_of, rows, columns, gradient_token, length)
                place = head * tokens + begin + rows
                # Infinite beyond the end: such a row has no weight anywhere.
                logs = tl.load(sums + place, mask=rows < length, other=float("inf"))
                delta = tl.load(deltas + place, mask=rows < length, other=0.0)
                scores = tl.dot(k, tl.trans(q)) * factor
                seen = rows[None, :] >= others[:, None]
                weights = tl.where(seen, tl.exp2(scores - logs[None, :]), 0.0)
                to_value = tl.dot(weights.to(slope.dtype), slope, to_value)
                slopes = weights * (tl.dot(v, tl.trans(slope)) - delta[None, :])
                to_key = tl.dot(slopes.to(q.dtype), q, to_key)
        at = begin + others[:, None]
        place = kv_head * DIM + columns[None, :]
        inside = others[:, None] < length
        key_at = key_gradient + at * key_gradient_token + place
        tl.store(key_at, (to_key * scale).to(key_gradient.dtype.element_ty), mask=inside)
        value_at = value_gradient + at * value_gradient_token + place
        tl.store(value_at, to_value.to(value_gradient.dtype.element_ty), mask=inside)
