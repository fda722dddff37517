"""One decoder layer over a packed row, forward and backward, by the kernels of *_triton.py and the library's matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .attention_triton import Rows, attend_back, attend_into
from .direct_linear import Linear
from .gate_triton import gate, gate_back
from .norm_triton import norm_back, norm_into


class Kept(NamedTuple):
    """What the backward pass needs of the forward pass. Rooms are as in direct_linear.py."""

    stream: Any
    """[tokens, hidden]: what the layer was given."""
    normed: Any
    """Room of qkv."""
    qkv: Any
    rotated: Any
    sums: Any
    attended: Any
    """Room of o."""
    middle: Any
    """[tokens, hidden]: the stream after attention."""
    normed_again: Any
    """Room of gate_up; None where it has no adapter."""
    gate_up: Any
    gated: Any
    """Room of down; None where it has no adapter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The weights of one layer."""

    input_norm: Any
    """[hidden]"""
    qkv: Linear
    head_norms: Any
    """[2, head dim]; None without."""
    o: Linear
    post_norm: Any
    gate_up: Linear
    down: Linear
    epsilon: float

    def forward(self, stream: Any, added: Any, rows: Rows, *, whole: bool = True) -> tuple[Any, Any, Kept]:
        """The stream [tokens, hidden] after attention, what the layer adds to it at its end, and what has to be kept.

        `added` is what the layer before adds to `stream`, None for nothing. What the layer adds is None unless the `whole` is
        wanted.
        """
        normed = self.qkv.room(stream)
        stream = norm_into(self.qkv.given(normed), stream, added, self.input_norm, self.epsilon)
        qkv = self.qkv.forward(normed)
        attended = self.o.room(stream)
        rotated, sums = attend_into(self.o.given(attended), qkv, self.head_norms, rows)
        between = self.o.forward(attended)
        again = self.gate_up.room(stream)
        middle = norm_into(self.gate_up.given(again), stream, between, self.post_norm, self.epsilon)
        gate_up = self.gate_up.forward(again)
        gated = result = None
        if whole or self.down.a is not None:
            gated = self.down.room(stream)
            gate(gate_up, self.down.given(gated))
            result = self.down.forward(gated)
        kept = Kept(
            stream=stream,
            normed=normed,
            qkv=qkv,
            rotated=rotated,
            sums=sums,
            attended=attended,
            middle=middle,
            normed_again=again if self.gate_up.a is not None else None,
            gate_up=gate_up,
            gated=gated if self.down.a is not None else None,
        )
        return middle, result, kept

    def backward(self, gradient: Any, kept: Kept, rows: Rows, *, is_first: bool) -> None:
        """Turn `gradient` [tokens, hidden] of what the layer gave into that of its stream, in place.

        Of the first layer's stream nobody needs it, and it is left unfinished.
        """
        slope = self.down.backward(gradient, kept.gated)
        # In the place of what is not needed any more.
        slope = gate_back(kept.gate_up, slope, kept.gate_up)
        slope = self.gate_up.backward(slope, kept.normed_again)
        norm_back(gradient, kept.middle, self.post_norm, slope, self.epsilon)
        slope = self.o.backward(gradient, kept.attended)
        attended = self.o.given(kept.attended)
        slope = attend_back(slope, kept.qkv, self.head_norms, rows, attended, kept.rotated, kept.sums)
        slope = self.qkv.backward(slope, kept.normed, is_first=is_first)
        if slope is not None and not is_first:
            norm_back(gradient, kept.stream, self.input_norm, slope, self.epsilon)
