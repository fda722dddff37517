"""Follows every storage from the operation that made it to its end: what torch.cuda.max_memory_allocated would say."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BLOCK = 512
"""torch's CUDA allocator rounds each request up to so many bytes."""


class Storages(TorchDispatchMode):
    """Bytes in live storages, and their peak, among those that an operation gave while this mode was on.

    Works on a CPU, with real tensors or fake ones. What a kernel takes and gives back inside itself is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[int, tuple[int, str, tuple[int, ...]]] = {}
        self.bytes = 0
        self.peak = 0
        self.at_peak: list[tuple[int, str, tuple[int, ...]]] = []
        """(bytes, operation, shape) of all that lived at the peak."""

    def restart(self) -> None:
        """Forget the peak so far, keep what lives."""
        self.peak, self.at_peak = self.bytes, list(self.live.values())

    def add(self, tensor: Any, operation: str) -> None:
        """Follow a tensor's storage, unless it is known."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        size = rounded(storage.nbytes())
        if key in self.live or size == 0:
            return
        self.live[key] = (size, operation, tuple(tensor.shape))
        weakref.finalize(storage, self._drop, key)
        self.bytes += size
        if self.bytes > self.peak:
            self.peak, self.at_peak = self.bytes, list(self.live.values())

    def table(self) -> str:
        """What lived at the peak, the most first: number, bytes of each, operation and shape."""
        rows = sorted(Counter(self.at_peak).items(), key=lambda row: -row[0][0] * row[1])
        return "\n".join(
            f"{count:4} x {size:9} {operation} {shape}" for (size, operation, shape), count in rows
        )

    def _drop(self, key: int) -> None:
        size, _, _ = self.live.pop(key)
        self.bytes -= size

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        # With a mode on, autograd's backward of an index copies the whole gradient; without one it writes in place.
        if operation is torch.ops.aten.index_put.default:
            operation = torch.ops.aten.index_put_.default
        result = operation(*args, **(kwargs or {}))
        # A view of what was there before, such as a weight, is nothing new.
        given = {leaf.untyped_storage()._cdata for leaf in tensors_of((args, kwargs))}
        for leaf in tensors_of(result):
            if leaf.untyped_storage()._cdata not in given:
                self.add(leaf, str(operation))
        return result


def rounded(size: int) -> int:
    """Bytes that the allocator takes for a request."""
    return -(-size // BLOCK) * BLOCK


def tensors_of(tree: Any) -> list[Any]:
    """All tensors in nested lists, tuples and dictionaries."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
