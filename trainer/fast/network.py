"""A Transformers model with adapters, run forward and backward over packed rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .adapters import Adapters
from .architecture import Architecture
from .attention import Heads, rms_norm
from .head import HeadLoss, chunk_loss
from .inputs import Inputs
from .layer import Constants, decoder_layer, layer_weights


def heads_of(architecture: Architecture) -> Heads:
    """The heads of every layer."""
    return Heads(architecture.heads, architecture.kv_heads, architecture.head_dim, architecture.epsilon)


class Network:
    """Gradients of the adapters for one pass, as one flat tensor."""

    def __init__(
        self,
        model: Any,
        architecture: Architecture,
        adapters: Adapters,
        *,
        attention: str,
        dropout: float,
        compiled: bool,
        recompute: bool,
        longest: int,
    ) -> None:
        import torch

        base = model.get_base_model()
        self.architecture = architecture
        self.adapters = adapters
        self._embedding = base.model.embed_tokens.weight.detach()
        self._norm = base.model.norm.weight.detach()
        self._head = base.lm_head.weight.detach()
        self._layers = [
            layer_weights(layer, groups)
            for layer, groups in zip(base.model.layers, adapters.layers, strict=True)
        ]
        self._constants = Constants(
            heads=heads_of(architecture),
            scaling=adapters.scaling,
            dropout=dropout,
            attention=attention,
            sequences=0,
            longest=0,
        )
        self._recompute = recompute
        self._compiled = compiled
        self._layer: Callable[..., Any] = torch.compile(decoder_layer) if compiled else decoder_layer
        self._chunk: Callable[..., Any] = torch.compile(chunk_loss) if compiled else chunk_loss
        with torch.no_grad():
            every = torch.arange(longest, device=self._embedding.device).unsqueeze(0)
            cos, sin = base.model.rotary_emb(self._embedding[:1], every)
        self._cos, self._sin = cos[0], sin[0]

    def loss(self, inputs: Inputs, scale: Any, *, longest: int) -> Any:
        """The pass's share of the loss, ready for a backward whose gradients carry `scale`."""
        import torch

        x = torch.nn.functional.embedding(inputs.ids, self._embedding)
        if self._compiled:
            # Nobody needs this gradient, but then the first layer is like all others and compiles with them.
            x.requires_grad_()
        states = self._run_layers(x, inputs, longest=longest).index_select(0, inputs.label_positions)
        states = rms_norm(states, self._norm, self.architecture.epsilon)
        return HeadLoss.apply(states, self._head, inputs.targets, inputs.divisor, scale, self._chunk)

    def logits(self, inputs: Inputs, *, longest: int) -> Any:
        """Logits [tokens, vocabulary] of every token of the row: for checks, not for training."""
        import torch

        with torch.no_grad():
            x = torch.nn.functional.embedding(inputs.ids, self._embedding)
            x = self._run_layers(x, inputs, longest=longest)
            return rms_norm(x, self._norm, self.architecture.epsilon) @ self._head.t()

    def add_gradient(self, inputs: Inputs, scale: Any, total: Any, *, first: bool, longest: int) -> None:
        """Put the pass's gradients and loss into `total` fp32 [parameters + 1], or add them to what is there."""
        import torch

        loss = self.loss(inputs, scale, longest=longest)
        gradients = torch.autograd.grad(loss, self.adapters.leaves)
        parts = [gradient.reshape(-1) for gradient in gradients] + [loss.detach().reshape(1)]
        if first:
            torch.cat(parts, out=total)
        else:
            total.add_(torch.cat(parts))

    def _run_layers(self, x: Any, inputs: Inputs, *, longest: int) -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        cos = self._cos.index_select(0, inputs.positions)
        sin = self._sin.index_select(0, inputs.positions)
        constants = self._constants._replace(sequences=inputs.starts.shape[0] - 1, longest=longest)
        for weights in self._layers:
            if self._compiled:
                # The length of the row is the one size that changes: without this each length compiles anew.
                for tensor in (x, cos, sin, inputs.places):
                    torch._dynamo.maybe_mark_dynamic(tensor, 0)
            arguments = (x, cos, sin, inputs.starts, inputs.places, weights, constants)
            if self._recompute:
                kept = constants.dropout > 0
                x = checkpoint(self._layer, *arguments, use_reentrant=False, preserve_rng_state=kept)
            else:
                x = self._layer(*arguments)
        return x
