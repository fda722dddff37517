"""Attention over samples that lie behind each other in one row, each causal and by itself.

Three ways to the same numbers: Triton kernels of our own, torch's variable-length flash kernel, and padding for the attention
alone. Padding works wherever torch does; attention_choice.py says when the others are used.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Heads(NamedTuple):
    """How a projection's columns are heads: queries, then keys, then values."""

    query: int
    key: int
    """As many are the values'."""
    dim: int
    epsilon: float
    """Of the norms of queries and keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where the sequences of a row are, as tensors on the device."""

    starts: Any
    """int32 [sequences + 1]."""
    places: Any
    """int64 [tokens]: where each token of the row lies in the padded form, sequence * longest + position; None for the
    kernel, which needs none."""
    sequences: int
    longest: int
    """Length that no sequence exceeds."""


def padded_places(starts: Sequence[int], longest: int) -> list[int]:
    """For each token of the row its place in rows of `longest`."""
    return [
        sequence * longest + position
        for sequence, (begin, end) in enumerate(itertools.pairwise(starts))
        for position in range(end - begin)
    ]


def attend_padded(query: Any, key: Any, value: Any, layout: Layout) -> Any:
    """query [tokens, heads, dim], key and value [tokens, kv heads, dim]: the output [tokens, heads, dim].

    Sequences are padded on the right, where a causal mask hides the padding from every real token: no mask is needed.
    """
    import torch

    def pad(tensor: Any) -> Any:
        wide = tensor.new_zeros((layout.sequences * layout.longest, *tensor.shape[1:]))
        wide = wide.index_copy(0, layout.places, tensor)
        return wide.view(layout.sequences, layout.longest, *tensor.shape[1:]).transpose(1, 2)

    output = torch.nn.functional.scaled_dot_product_attention(
        pad(query), pad(key), pad(value), is_causal=True, enable_gqa=query.shape[1] != key.shape[1]
    )
    flat = output.transpose(1, 2).reshape(layout.sequences * layout.longest, *query.shape[1:])
    return flat.index_select(0, layout.places)


def attend_varlen(query: Any, key: Any, value: Any, layout: Layout) -> Any:
    """As `attend_padded`, by torch's kernel; it takes fewer key and value heads than query heads as they are."""
    from torch.nn.attention.varlen import varlen_attn

    return varlen_attn(
        query, key, value, layout.starts, layout.starts, layout.longest, layout.longest, window_size=(-1, 0)
    )


def rms_norm(x: Any, weight: Any, epsilon: float) -> Any:
    """Over the last dimension, in fp32, rounded before the weight is applied as Transformers does."""
    import torch

    wide = x.float()
    normed = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)
    return weight * normed.to(x.dtype)


def rotate(x: Any, cos: Any, sin: Any) -> Any:
    """Rotary positions on x [tokens, heads, dim]; cos and sin [tokens, 1, dim]."""
    import torch

    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * cos + turned * sin


def attend(qkv: Any, norms: Any, cos: Any, sin: Any, layout: Layout, heads: Heads, way: str) -> Any:
    """Attention over a projection's result: qkv [tokens, (query + 2 key) dim] to [tokens, query dim].

    `norms` [2, dim] weighs the norm of queries' and keys' heads, None where there is none; cos and sin are [tokens, dim].
    """
    if way == "triton":
        from .attention_triton import attend_projected

        numbers = (layout.longest, heads.query, heads.key, heads.epsilon)
        return attend_projected(qkv, norms, cos, sin, layout.starts, *numbers)[0]
    query, key, value = qkv.split([heads.query * heads.dim, *[heads.key * heads.dim] * 2], dim=1)
    query, key, value = (part.view(-1, part.shape[1] // heads.dim, heads.dim) for part in (query, key, value))
    if norms is not None:
        query, key = rms_norm(query, norms[0], heads.epsilon), rms_norm(key, norms[1], heads.epsilon)
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    kernel = attend_varlen if way == "varlen" else attend_padded
    attended = kernel(rotate(query, cos, sin), rotate(key, cos, sin), value, layout)
    return attended.reshape(-1, heads.query * heads.dim)
