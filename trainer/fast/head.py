"""Loss where a label is, and its gradient with respect to the states there, computed together in chunks of rows.

The head is frozen, so nothing else needs a gradient, and logits [rows, vocabulary] never outlive their chunk. The loss
scale is applied before the gradient is rounded: entries of softmax / tokens are far below what fp16 can hold, and
scaling them afterwards could not bring them back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..samples import IGNORED

CHUNK_ELEMENTS = 2**27
"""Logits at once: 512 MiB in fp32."""


def chunk_rows(vocabulary: int, elements: int | None = None) -> int:
    """Rows of the head that are computed at once: as many as have `elements` logits, CHUNK_ELEMENTS when left out."""
    return max(16, (elements or CHUNK_ELEMENTS) // vocabulary)


def chunk_loss(logits: Any, targets: Any, divisor: Any, scale: Any) -> tuple[Any, Any]:
    """Sum of the cross-entropy of some rows over `divisor`, and its gradient with respect to the logits times `scale`.

    In fp32, rounded to the logits' own type at the end. Rows whose target is IGNORED count nothing.
    """
    wide = logits.float()
    counted = targets != IGNORED
    chosen = torch.where(counted, targets, 0).unsqueeze(1)
    maximum = wide.max(dim=1, keepdim=True).values
    exponentials = (wide - maximum).exp()
    total = exponentials.sum(dim=1, keepdim=True)
    losses = maximum + total.log() - wide.gather(1, chosen)
    weight = counted.unsqueeze(1) / divisor
    columns = torch.arange(wide.shape[1], device=wide.device).unsqueeze(0)
    gradient = (exponentials / total - (columns == chosen).float()) * (weight * scale)
    return (losses * weight).sum(), gradient.to(logits.dtype)


def loss_and_gradient(
    states: Any, head: Any, targets: Any, divisor: Any, scale: Any, chunk: Callable[..., Any], size: int
) -> tuple[Any, Any]:
    """Loss of states [rows, hidden] against targets [rows] through the frozen head [vocabulary, hidden], and their gradient.

    The loss, fp32, is summed over rows and divided by `divisor` (target tokens of the effective batch); the gradient carries
    `scale`. `chunk` is `chunk_loss`, or what computes the same, for `size` rows at once.
    """
    loss = torch.zeros((), dtype=torch.float32, device=states.device)
    gradient = torch.empty_like(states)
    for begin in range(0, states.shape[0], size):
        rows = slice(begin, min(begin + size, states.shape[0]))
        part, slope = chunk(states[rows] @ head.t(), targets[rows], divisor, scale)
        loss = loss + part
        torch.mm(slope, head, out=gradient[rows])
        # Not beside the next chunk's logits.
        del slope
    return loss, gradient


class HeadLoss(torch.autograd.Function):
    """`loss_and_gradient` for autograd: the loss, whose gradient carries `scale` already."""

    @staticmethod
    def forward(
        ctx: Any, states: Any, head: Any, targets: Any, divisor: Any, scale: Any, chunk: Callable[..., Any]
    ) -> Any:
        """Loss as an fp32 scalar; the gradient of `states` is computed here and kept."""
        size = chunk_rows(head.shape[0])
        loss, gradient = loss_and_gradient(states, head, targets, divisor, scale, chunk, size)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, outer: Any) -> Any:  # type: ignore[override]
        """The kept gradient; `outer` is 1, as the loss is the end of the graph."""
        (gradient,) = ctx.saved_tensors
        return gradient, None, None, None, None, None
