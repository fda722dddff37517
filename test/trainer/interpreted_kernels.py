"""A process of its own for test_fast_kernels.py: Triton's interpreter has to be chosen before Triton is imported.

Prints, case by case, how far the kernels' output and gradient are from those of plain operators, relative to their norm.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

os.environ["TRITON_INTERPRET"] = "1"

import torch
import triton.runtime.interpreter as interpreter

from trainer.fast.attention import Heads, Layout, attend, padded_places
from trainer.fast.gate_triton import gated

patch_tensor = interpreter._patch_lang_tensor


def patch_tensor_for_numpy(tensor: Any, scope: Any) -> None:
    """Triton 3.6's interpreter turns an array of one number into a bound of a loop, which numpy 2.4 no longer allows."""
    patch_tensor(tensor, scope)
    scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))


interpreter._patch_lang_tensor = patch_tensor_for_numpy

# starts, query heads, key heads, size of a head, whether heads are normed
CASES = {
    "tiles cut at every place": ((0, 1, 64, 129, 256, 300), 4, 2, 16, True),
    "heads without norms": ((0, 30, 70), 2, 1, 16, False),
    "one key head for all": ((0, 70, 90), 4, 1, 32, True),
    "no groups": ((0, 65), 2, 2, 64, True),
    "a head of 128": ((0, 100, 130), 2, 1, 128, True),
}


def relative_errors(results: list[list[torch.Tensor]]) -> list[float]:
    """Of each tensor of the first list against the second's."""
    return [((one - other).norm() / other.norm()).item() for one, other in zip(*results, strict=True)]


def compare_attention(
    starts: tuple[int, ...], heads: int, kv_heads: int, dim: int, normed: bool
) -> list[float]:
    """Errors of output and gradient, the projection a part of a wider tensor and the gradient too."""
    torch.manual_seed(0)
    tokens = starts[-1]
    qkv = torch.randn(tokens, (heads + 2 * kv_heads) * dim + 8)[:, :-8].requires_grad_()
    norms = torch.randn(2, dim) if normed else None
    turns = torch.randn(tokens, dim)
    weight = torch.randn(tokens, heads * dim + 8)[:, :-8]
    longest = max(end - begin for begin, end in itertools.pairwise(starts))
    layout = Layout(
        starts=torch.tensor(starts, dtype=torch.int32),
        places=torch.tensor(padded_places(starts, longest)),
        sequences=len(starts) - 1,
        longest=longest,
    )
    results = []
    for way in ("triton", "padded"):
        output = attend(qkv, norms, turns.cos(), turns.sin(), layout, Heads(heads, kv_heads, dim, 1e-6), way)
        results.append([output, *torch.autograd.grad(output, [qkv], weight)])
    return relative_errors(results)


def compare_gate() -> list[float]:
    """Errors of the gated product and its gradient, at a width that no block divides."""
    torch.manual_seed(0)
    source = torch.randn(3, 2 * 1500, requires_grad=True)
    weight = torch.randn(3, 1500)
    left, right = source.chunk(2, dim=1)
    outputs = (gated(source), torch.nn.functional.silu(left) * right)
    return relative_errors([[output, *torch.autograd.grad(output, [source], weight)] for output in outputs])


if __name__ == "__main__":
    found = {name: compare_attention(*case) for name, case in CASES.items()}
    print(json.dumps(found | {"the gated product": compare_gate()}))
