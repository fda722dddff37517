"""Linear layers of one input with their adapters, forward and backward written out: no autograd, no copy, nothing to compile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from .adapters import ALIGNMENT, Adapters, Group


@dataclass(kw_only=True, slots=True)
class Linear:
    """A group (see adapters.Group) in one layer, and where its adapters' gradients go."""

    weight: Any
    """[out, in + ranks]"""
    bias: Any
    """[out] or None."""
    width: int
    """in"""
    a: Any
    """[ranks, in], scaled, in the run's precision; None without adapters."""
    to_a: Any
    """Gradient of the scaled A [ranks, in], in the run's precision."""
    to_b: Any
    """Gradient of all of B [out, ranks], of which the members' blocks count."""

    def room(self, like: Any) -> Any:
        """[tokens, in + ranks] for the input of as many rows as `like` has: who calls fills the first columns, `given`."""
        columns = self.weight.shape[1]
        whole = like.new_empty((like.shape[0], -(-columns // ALIGNMENT) * ALIGNMENT))
        return whole[:, :columns]

    def given(self, wide: Any) -> Any:
        """The part of a room that holds the input itself."""
        return wide[:, : self.width]

    def forward(self, wide: Any) -> Any:
        """[tokens, out] of a room whose input is there; puts the adapters' narrow product beside it."""
        if self.a is not None:
            torch.mm(self.given(wide), self.a.t(), out=wide[:, self.width :])
        if self.bias is None:
            return wide @ self.weight.t()
        return torch.addmm(self.bias, wide, self.weight.t())

    def backward(self, slope: Any, wide: Any, *, is_first: bool = False) -> Any:
        """The gradient of the input [tokens, in], from that of the result; None where it `is_first` and nobody needs it.

        `wide` is the room after `forward`, and may be None where there is no adapter.
        """
        if self.a is None:
            return None if is_first else slope @ self.weight
        torch.mm(slope.t(), wide[:, self.width :], out=self.to_b)
        if is_first:
            to_given, to_narrow = None, slope @ self.weight[:, self.width :]
        else:
            both = slope @ self.weight
            to_given, to_narrow = both[:, : self.width], both[:, self.width :]
        torch.mm(to_narrow.t(), self.given(wide), out=self.to_a)
        if to_given is not None:
            to_given.addmm_(to_narrow, self.a)
        return to_given


class AllLayers:
    """One group in all layers: its A's and its gradients lie layer after layer, so that one kernel serves all."""

    def __init__(self, groups: list[Group], adapters: Adapters) -> None:
        first = groups[0]
        self._groups, self._first, self._adapters = groups, first, adapters
        self._a = self._to_a = self._to_b = None
        if first.a is not None:
            ranks, width = first.a.shape
            count, like = len(groups), first.weight
            self._a = like.new_empty((count, ranks, width))
            self._to_a = like.new_empty((count, ranks, width))
            self._to_b = like.new_empty((count, first.weight.shape[0], ranks))

    def linears(self) -> list[Linear]:
        """The group of each layer."""
        ranks = 0 if self._first.a is None else self._first.a.shape[0]
        return [
            Linear(
                weight=group.weight,
                bias=group.bias,
                width=group.weight.shape[1] - ranks,
                a=None if self._a is None else self._a[number],
                to_a=None if self._to_a is None else self._to_a[number],
                to_b=None if self._to_b is None else self._to_b[number],
            )
            for number, group in enumerate(self._groups)
        ]

    def scale_a(self) -> None:
        """Every A as the optimizer left it, scaled and rounded."""
        if self._a is not None:
            torch.mul(self._in(self._adapters.flat, self._first.a), self._adapters.scaling, out=self._a)

    def add_gradients(self, total: Any) -> None:
        """Add what the backward pass left to `total` fp32, laid out as `adapters.flat`."""
        if self._a is None:
            return
        self._in(total, self._first.a).add_(self._to_a, alpha=self._adapters.scaling)
        for leaf, (top, bottom, left, right) in zip(self._first.b, self._first.blocks, strict=True):
            self._in(total, leaf).add_(self._to_b[:, top:bottom, left:right])

    def _in(self, flat: Any, leaf: Any) -> Any:
        """Of every layer what `leaf` is in the first: [layers, *leaf.shape], a view of `flat`. All layers are alike."""
        begin = leaf.storage_offset()
        rows = flat.view(len(self._groups), -1)[:, begin : begin + leaf.numel()]
        return rows.view(-1, *leaf.shape)
