"""One decoder layer over a packed row, as a function of tensors: the same code for every layer, so it compiles once."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .adapters import Group
from .attention import Heads, Layout, attend, rms_norm


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
    head_norms: Any
    """[2, head dim]: of queries and keys; None without."""
    o: Projection
    post_norm: Any
    gate_up: Projection
    down: Projection


class Constants(NamedTuple):
    """What all layers share, known before tracing."""

    heads: Heads
    scaling: float
    """Of the adapters."""
    dropout: float
    """On the input of each adapter."""
    attention: str
    """triton stands for all kernels of our own."""
    sequences: int
    longest: int


@torch.library.custom_op("rocmark::input_gradients", mutates_args=())
def input_gradients(gradient: torch.Tensor, weight: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """[tokens, in + ranks]: `gradient` @ `weight`, and in the first columns also what comes back through `a` [ranks, in].

    An operator, because the second product then adds to the first where it lies; traced, a copy comes between.
    """
    both = gradient @ weight
    width = a.shape[1]
    both[:, :width].addmm_(both[:, width:], a)
    return both


@input_gradients.register_fake
def _(gradient: torch.Tensor, weight: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    return gradient.new_empty((gradient.shape[0], weight.shape[1]))


class AdaptedLinear(torch.autograd.Function):
    """y [tokens, out] = [x, x a^T] weight^T: the frozen product and its adapters in one.

    The gradient of x and x a^T is one product as well, and none is computed for the frozen part of `weight`. The b are
    inputs for their gradients' sake: their values lie in `weight` already.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, a: Any, weight: Any, blocks: Any, *b: Any) -> Any:
        """x [tokens, in], a [ranks, in] with the adapters' scaling in it, weight [out, in + ranks]."""
        h = x @ a.t()
        ctx.save_for_backward(x, a, h, weight)
        ctx.blocks = blocks
        ctx.wants_x = x.requires_grad
        return torch.cat([x, h], dim=1) @ weight.t()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:  # type: ignore[override]
        """Gradients of x, a and each b; those of b in fp32."""
        x, a, h, weight = ctx.saved_tensors
        width = x.shape[1]
        if ctx.wants_x:
            both = input_gradients(gradient, weight, a)
            dx, dh = both[:, :width], both[:, width:]
        else:
            dx, dh = None, gradient @ weight[:, width:]
        return dx, dh.t() @ x, None, None, *_b_gradients(gradient, h, ctx.blocks)


class AugmentedLinear(torch.autograd.Function):
    """As AdaptedLinear from h on, for adapters that do not read x itself: dropout gives each an input of its own."""

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
        if ctx.wants_x:
            both = gradient @ weight
            dx, dh = both[:, : ctx.width], both[:, ctx.width :]
        else:
            dx, dh = None, gradient @ weight[:, ctx.width :]
        return dx, dh, None, None, *_b_gradients(gradient, h, ctx.blocks)


def _b_gradients(gradient: Any, h: Any, blocks: Any) -> list[Any]:
    full = gradient.t() @ h
    return [full[top:bottom, left:right].float() for top, bottom, left, right in blocks]


def project(x: Any, projection: Projection, constants: Constants) -> Any:
    """x [tokens, in] to [tokens, out], adapters included."""
    weight, bias, a, b, blocks = projection
    if a is None:
        return torch.nn.functional.linear(x, weight, bias)
    scaled = (a * constants.scaling).to(x.dtype)
    if constants.dropout == 0:
        y = AdaptedLinear.apply(x, scaled, weight, blocks, *b)
    else:
        # Each adapter drops entries of its own, as PEFT does.
        parts = [scaled[left:right] for _, _, left, right in blocks]
        h = torch.cat(
            [torch.nn.functional.dropout(x, constants.dropout, training=True) @ part.t() for part in parts],
            dim=1,
        )
        y = AugmentedLinear.apply(x, h, weight, blocks, *b)
    return y if bias is None else y + bias


def decoder_layer(
    x: Any, cos: Any, sin: Any, starts: Any, places: Any, weights: LayerWeights, constants: Constants
) -> Any:
    """x [tokens, hidden] through one layer; cos and sin [tokens, head dim], `starts` and `places` as in attention.Layout."""
    normed = rms_norm(x, weights.input_norm, constants.heads.epsilon)
    qkv = project(normed, weights.qkv, constants)
    layout = Layout(starts=starts, places=places, sequences=constants.sequences, longest=constants.longest)
    attended = attend(qkv, weights.head_norms, cos, sin, layout, constants.heads, constants.attention)
    x = x + project(attended, weights.o, constants)
    normed = rms_norm(x, weights.post_norm, constants.heads.epsilon)
    return x + project(gate(project(normed, weights.gate_up, constants), constants), weights.down, constants)


def gate(source: Any, constants: Constants) -> Any:
    """silu(gate) * up of source [tokens, 2 width], gate before up."""
    if constants.attention == "triton":
        from .gate_triton import gated

        return gated(source)
    left, right = source.chunk(2, dim=1)
    return torch.nn.functional.silu(left) * right


def layer_weights(layer: Any, groups: dict[str, Group]) -> LayerWeights:
    """The tensors of one Transformers layer whose linear layers were taken over."""

    def projection(name: str) -> Projection:
        group = groups[name]
        return Projection(group.weight, group.bias, group.a, group.b, group.blocks)

    return LayerWeights(
        input_norm=layer.input_layernorm.weight.detach(),
        qkv=projection("qkv"),
        head_norms=head_norms(layer.self_attn),
        o=projection("o"),
        post_norm=layer.post_attention_layernorm.weight.detach(),
        gate_up=projection("gate_up"),
        down=projection("down"),
    )


def head_norms(attention: Any) -> Any:
    """Weights of a Transformers attention's norms of queries and keys [2, head dim], None where it has none."""
    if not hasattr(attention, "q_norm"):
        return None
    return torch.stack([attention.q_norm.weight.detach(), attention.k_norm.weight.detach()])
