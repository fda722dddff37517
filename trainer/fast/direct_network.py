"""A Transformers model with adapters over packed rows, forward and backward written out: see direct_layer.py.

Computes what network.py computes, without autograd and without a compiler: there is nothing to trace, and a step launches some
nine hundred kernels. It needs our kernels, and no dropout.
"""

from __future__ import annotations

from typing import Any

import torch

from .adapters import Adapters
from .architecture import GROUPS, Architecture
from .attention_triton import Rows
from .direct_layer import Kept, Layer
from .direct_linear import AllLayers
from .head import chunk_rows, loss_and_gradient
from .inputs import Inputs
from .layer import head_norms
from .loss_triton import loss_in_place
from .norm_triton import norm_back, norm_into

CHUNK_ELEMENTS = 2**28
"""Logits at once. Twice what head.py takes, as their gradient lies in their place: as many bytes."""


class DirectNetwork:
    """Gradients of the adapters for one pass, as one flat tensor."""

    def __init__(
        self, model: Any, architecture: Architecture, adapters: Adapters, *, recompute: bool, longest: int
    ) -> None:
        base = model.get_base_model()
        self._architecture, self._recompute = architecture, recompute
        self._embedding = base.model.embed_tokens.weight.detach()
        self._norm = base.model.norm.weight.detach()
        self._head = base.lm_head.weight.detach()
        self._groups = {
            name: AllLayers([groups[name] for groups in adapters.layers], adapters) for name in GROUPS
        }
        linears = zip(*(group.linears() for group in self._groups.values()), strict=True)
        self._layers = [
            Layer(
                input_norm=layer.input_layernorm.weight.detach(),
                head_norms=head_norms(layer.self_attn),
                post_norm=layer.post_attention_layernorm.weight.detach(),
                epsilon=architecture.epsilon,
                **dict(zip(self._groups, parts, strict=True)),
            )
            for layer, parts in zip(base.model.layers, linears, strict=True)
        ]
        with torch.no_grad():
            every = torch.arange(longest, device=self._embedding.device).unsqueeze(0)
            cos, sin = base.model.rotary_emb(self._embedding[:1], every)
        self._cos, self._sin = cos[0], sin[0]

    def add_gradient(self, inputs: Inputs, scale: Any, total: Any, *, first: bool, longest: int) -> None:
        """Put the pass's gradients and loss into `total` fp32 [parameters + 1], or add them to what is there."""
        with torch.no_grad():
            for group in self._groups.values():
                group.scale_a()
            rows = self._rows(inputs, longest)
            stream, added, kept = self._forward(inputs, rows)
            loss, gradient = self._loss(stream, added, inputs, scale)
            del stream, added
            for number in reversed(range(len(self._layers))):
                self._undo(number, kept.pop(), gradient, rows)
            if first:
                total.zero_()
            for group in self._groups.values():
                group.add_gradients(total[:-1])
            total[-1].add_(loss)

    def _rows(self, inputs: Inputs, longest: int) -> Rows:
        architecture = self._architecture
        return Rows(
            cos=self._cos.index_select(0, inputs.positions),
            sin=self._sin.index_select(0, inputs.positions),
            starts=inputs.starts,
            longest=longest,
            heads=architecture.heads,
            kv_heads=architecture.kv_heads,
            epsilon=architecture.epsilon,
        )

    def _forward(self, inputs: Inputs, rows: Rows) -> tuple[Any, Any, list[Any]]:
        """Stream and what the last layer adds to it, and of each layer what it keeps: its input alone where recomputed."""
        stream, added, kept = torch.nn.functional.embedding(inputs.ids, self._embedding), None, []
        for layer in self._layers:
            stream, added, whole = layer.forward(stream, added, rows)
            kept.append(whole.stream if self._recompute else whole)
            # Not beside what the next layer keeps.
            del whole
        return stream, added, kept

    def _undo(self, number: int, kept: Any, gradient: Any, rows: Rows) -> None:
        """The backward pass of one layer, which is computed again where only its input was kept."""
        layer = self._layers[number]
        if not isinstance(kept, Kept):
            kept = layer.forward(kept, None, rows, whole=False)[2]
        layer.backward(gradient, kept, rows, is_first=number == 0)

    def _loss(self, stream: Any, added: Any, inputs: Inputs, scale: Any) -> tuple[Any, Any]:
        """The loss, and its gradient with respect to what the last layer gave [tokens, hidden]."""
        epsilon, chosen = self._architecture.epsilon, inputs.label_positions
        shape = stream.shape
        here, more = stream.index_select(0, chosen), added.index_select(0, chosen)
        states = torch.empty_like(here)
        here = norm_into(states, here, more, self._norm, epsilon)
        size = chunk_rows(self._head.shape[0], CHUNK_ELEMENTS)
        loss, slope = loss_and_gradient(
            states, self._head, inputs.targets, inputs.divisor, scale, loss_in_place, size
        )
        narrow = torch.zeros_like(here)
        norm_back(narrow, here, self._norm, slope, epsilon)
        return loss, narrow.new_zeros(shape).index_add_(0, chosen, narrow)
