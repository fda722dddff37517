"""One decoder layer over a packed row, as a function of tensors: the same code for every layer, so it compiles once."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .adapters import Group
from .attention import Layout, attend_padded, attend_varlen


class Projection(NamedTuple):
    """A group of linear layers; see adapters.Group for the shapes."""

    weight: Any
    bias: Any
    a: Any
    b: tuple[Any, ...]
    blocks: tuple[tuple[int, int, int, int], ...]


class LayerWeights(NamedTuple):
    """Everything that one layer has of its own."""

    input_norm: Any
    qkv: Projection
    query_norm: Any
    key_norm: Any
    o: Projection
    post_norm: Any
    gate_up: Projection
    down: Projection


class Constants(NamedTuple):
    """What all layers share, known before tracing."""

    heads: int
    kv_heads: int
    head_dim: int
    epsilon: float
    scaling: float
    """Of the adapters."""
    dropout: float
    """On the input of each adapter."""
    attention: str
    sequences: int
    longest: int


class AugmentedLinear(torch.autograd.Function):
    """y [tokens, out] = [x, h] weight^T: the frozen product and its adapters' second half in one.

    The gradient of x and h is one product as well, and none is computed for the frozen part of `weight`. The b are
    inputs for their gradients' sake: their values lie in `weight` already.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, h: Any, weight: Any, blocks: Any, *b: Any) -> Any:
        """x [tokens, in], h [tokens, ranks], weight [out, in + ranks]."""
        ctx.save_for_backward(h, weight)
        ctx.blocks = blocks
        ctx.width = x.shape[1]
        ctx.wants_x = x.requires_grad
        return torch.cat([x, h], dim=1) @ weight.t()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:  # type: ignore[override]
        """Gradients of x, h and each b; those of b in fp32."""
        h, weight = ctx.saved_tensors
        width = ctx.width
        if ctx.wants_x:
            both = gradient @ weight
            dx, dh = both[:, :width], both[:, width:]
        else:
            dx, dh = None, gradient @ weight[:, width:]
        full = gradient.t() @ h
        db = [full[top:bottom, left:right].float() for top, bottom, left, right in ctx.blocks]
        return dx, dh, None, None, *db


def project(x: Any, projection: Projection, constants: Constants) -> Any:
    """x [tokens, in] to [tokens, out], adapters included."""
    weight, bias, a, b, blocks = projection
    if a is None:
        return torch.nn.functional.linear(x, weight, bias)
    scaled = (a * constants.scaling).to(x.dtype)
    if constants.dropout == 0:
        h = x @ scaled.t()
    else:
        # Each adapter drops entries of its own, as PEFT does.
        parts = [scaled[left:right] for _, _, left, right in blocks]
        h = torch.cat(
            [torch.nn.functional.dropout(x, constants.dropout, training=True) @ part.t() for part in parts],
            dim=1,
        )
    y = AugmentedLinear.apply(x, h, weight, blocks, *b)
    return y if bias is None else y + bias


def rms_norm(x: Any, weight: Any, epsilon: float) -> Any:
    """Over the last dimension, in fp32, rounded before the weight is applied as Transformers does."""
    wide = x.float()
    normed = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)
    return weight * normed.to(x.dtype)


def rotate(x: Any, cos: Any, sin: Any) -> Any:
    """Rotary positions on x [tokens, heads, dim]; cos and sin [tokens, 1, dim]."""
    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * cos + turned * sin


def decoder_layer(
    x: Any, cos: Any, sin: Any, starts: Any, places: Any, weights: LayerWeights, constants: Constants
) -> Any:
    """x [tokens, hidden] through one layer; `starts` and `places` as in attention.Layout."""
    heads, kv_heads, dim = constants.heads, constants.kv_heads, constants.head_dim
    normed = rms_norm(x, weights.input_norm, constants.epsilon)
    qkv = project(normed, weights.qkv, constants)
    query, key, value = qkv.split([heads * dim, kv_heads * dim, kv_heads * dim], dim=1)
    query, key, value = query.view(-1, heads, dim), key.view(-1, kv_heads, dim), value.view(-1, kv_heads, dim)
    if weights.query_norm is not None:
        query = rms_norm(query, weights.query_norm, constants.epsilon)
        key = rms_norm(key, weights.key_norm, constants.epsilon)
    query, key = rotate(query, cos, sin), rotate(key, cos, sin)
    layout = Layout(starts=starts, places=places, sequences=constants.sequences, longest=constants.longest)
    attend = attend_varlen if constants.attention == "varlen" else attend_padded
    attended = attend(query, key, value, layout).reshape(-1, heads * dim)
    x = x + project(attended, weights.o, constants)
    normed = rms_norm(x, weights.post_norm, constants.epsilon)
    gate, up = project(normed, weights.gate_up, constants).chunk(2, dim=1)
    return x + project(torch.nn.functional.silu(gate) * up, weights.down, constants)


def layer_weights(layer: Any, groups: dict[str, Group]) -> LayerWeights:
    """The tensors of one Transformers layer whose linear layers were taken over."""

    def projection(name: str) -> Projection:
        group = groups[name]
        return Projection(group.weight, group.bias, group.a, group.b, group.blocks)

    attention = layer.self_attn
    return LayerWeights(
        input_norm=layer.input_layernorm.weight.detach(),
        qkv=projection("qkv"),
        query_norm=attention.q_norm.weight.detach() if hasattr(attention, "q_norm") else None,
        key_norm=attention.k_norm.weight.detach() if hasattr(attention, "k_norm") else None,
        o=projection("o"),
        post_norm=layer.post_attention_layernorm.weight.detach(),
        gate_up=projection("gate_up"),
        down=projection("down"),
    )
