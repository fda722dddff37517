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
from architectures import any_architecture
from fast_models import ALL, make_fast, make_model, make_samples, peft_gradients

from trainer.fast.attention import Heads, Layout, attend, padded_places, rms_norm
from trainer.fast.attention_choice import worst_difference
from trainer.fast.gate_triton import gated
from trainer.fast.head import chunk_loss
from trainer.fast.kernel_check import kernel_differences
from trainer.fast.loss_triton import loss_in_place
from trainer.fast.norm_triton import norm_back, norm_into
from trainer.samples import IGNORED

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

ATTENTION = ("q_proj", "v_proj", "o_proj")
MLP = ("up_proj", "down_proj")
# family, targets, how the step is cut
NETWORKS = {
    "qwen3, adapters everywhere": ("qwen3", ALL, {}),
    "qwen2, whose projections have biases": ("qwen2", ATTENTION, {}),
    "llama, adapters in the MLP alone": ("llama", MLP, {}),
    "several passes": ("qwen3", ATTENTION, {"at_once": 1}),
    "recomputed": ("qwen3", ALL, {"recompute": True}),
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


def compare_norm() -> list[float]:
    """Errors of the sum, its norm and the stream's gradient, at a width that is no power of two, in wider tensors."""
    torch.manual_seed(0)
    stream, added, weight = torch.randn(3, 48, requires_grad=True), torch.randn(3, 48), torch.randn(48)
    slope, before = torch.randn(3, 56)[:, :48], torch.randn(3, 48)
    total = stream + added
    normed = rms_norm(total, weight, 1e-6)
    (wanted,) = torch.autograd.grad([normed, total], [stream], [slope, before])
    target, gradient = torch.zeros(3, 56), before.clone()
    summed = norm_into(target[:, :48], stream.detach(), added, weight, 1e-6)
    norm_back(gradient, summed, weight, slope, 1e-6)
    assert not target[:, 48:].any()
    return relative_errors([[summed, target[:, :48], gradient], [total, normed, wanted]])


def compare_loss() -> list[float]:
    """Errors of the loss and its gradient, some rows not counted, at a width that no block divides, far from zero."""
    torch.manual_seed(0)
    logits = 100 * torch.randn(5, 5000) - 300
    targets = torch.tensor([4999, IGNORED, 0, 17, IGNORED])
    divisor, scale = torch.tensor(7.0), torch.tensor(64.0)
    loss, gradient = chunk_loss(logits, targets, divisor, scale)
    found = loss_in_place(logits, targets, divisor, scale)
    return relative_errors([list(found), [loss, gradient]])


def compare_networks(family: str, targets: tuple[str, ...], **settings: Any) -> list[float]:
    """Errors of loss and gradients of the network that is written out, against PEFT's."""
    model, samples = make_model(family, targets), make_samples(2, seed=6)
    loss, wanted = peft_gradients(model, samples)
    found_loss, found = make_fast(model, samples, targets=targets, direct=True, **settings).gradients(1024.0)
    names = sorted(wanted)
    assert sorted(found) == names
    errors = relative_errors([[found[name] for name in names], [wanted[name] for name in names]])
    return [abs(found_loss - loss) / loss, *errors]


if __name__ == "__main__":
    results = {name: compare_attention(*case) for name, case in CASES.items()}
    results["the gated product"] = compare_gate()
    results["the check before use"] = [
        worst_difference(
            "triton", device="cpu", dtype=torch.float32, heads=Heads(2, 1, 16, 1e-6), normed=True
        )
    ]
    results["the other kernels' check before use"] = list(
        kernel_differences(any_architecture(), device=torch.device("cpu"), dtype=torch.float32).values()
    )
    results["the norm"] = compare_norm()
    results["the loss"] = compare_loss()
    results |= {name: compare_networks(*case, **settings) for name, (*case, settings) in NETWORKS.items()}
    print(json.dumps(results))
