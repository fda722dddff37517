"""Which way of attention a run takes: a kernel has to pass a check on the machine it is used on.

Support differs between builds (torch's flash kernel for rows came to ROCm with torch 2.11: pytorch/pytorch pull requests 170969
and 174105), and what a compiler makes of ours on another GPU nobody has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import refuse
from .attention import Heads, Layout, attend, padded_places
from .differences import cannot_run, is_within, worst_of

KERNELS = ("triton", "varlen")
"""In the order in which `auto` tries them."""
TRITON_DIMS = (16, 32, 64, 128)
"""Sizes of a head that the tiles of attention_kernels.py can hold."""
STARTS = (0, 7, 100, 260)
LONGEST = 160


def choose_attention(
    wanted: str,
    *,
    device: Any,
    dtype: Any,
    heads: Heads,
    normed: bool,
    find_other: Callable[[], str | None],
    note: Callable[[str], None],
) -> str:
    """triton, varlen or padded: what the config says, and for `auto` the first kernel that passes its check, or padding.

    `normed` says whether heads are normed; `find_other` what is wrong with the kernels that go with `triton`, None for nothing.
    A kernel that is asked for by name and not fit is an error: a run must not measure something else than it says. One that
    `auto` passes over on a GPU is told to `note`.
    """
    for name in KERNELS if wanted == "auto" else (wanted,):
        if name == "padded":
            break
        problem = find_problem(name, device=device, dtype=dtype, heads=heads, normed=normed)
        if problem is None and name == "triton":
            problem = find_other()
        if problem is None:
            return name
        if wanted != "auto":
            raise refuse(
                "E_ATTENTION", f'fast.attention: wanted "{wanted}", but {problem}. Use "padded" or "auto".'
            )
        if takes_kernels(device, dtype):
            note(f'fast.attention: "{name}" is passed over, since {problem}')
    return "padded"


def takes_kernels(device: Any, dtype: Any) -> bool:
    """Whether kernels can be used at all: on a GPU, in half precision."""
    import torch

    return device.type == "cuda" and dtype != torch.float32


def find_problem(name: str, *, device: Any, dtype: Any, heads: Heads, normed: bool) -> str | None:
    """Why a kernel cannot be used here, None when it can."""
    if not takes_kernels(device, dtype):
        return f"the kernel takes fp16 and bf16 on a GPU, not {dtype} on {device.type}"
    if name == "triton" and heads.dim not in TRITON_DIMS:
        return f"the kernel takes heads of {', '.join(map(str, TRITON_DIMS))} numbers, not {heads.dim}"
    try:
        worst = worst_difference(name, device=device, dtype=dtype, heads=heads, normed=normed)
    except Exception as error:
        return cannot_run(error)
    if not is_within(worst):
        return f"it differs from plain attention by {worst:.3g} of the norm on this machine"
    return None


def worst_difference(name: str, *, device: Any, dtype: Any, heads: Heads, normed: bool) -> float:
    """Of output and gradient, relative to their norm, between a kernel and the padded way on three sequences."""
    import torch

    generator = torch.Generator(device="cpu").manual_seed(0)

    def random(*shape: int) -> Any:
        return torch.randn(*shape, generator=generator).to(device=device, dtype=dtype)

    qkv = random(STARTS[-1], (heads.query + 2 * heads.key) * heads.dim).requires_grad_()
    norms = random(2, heads.dim) if normed else None
    turns = random(STARTS[-1], heads.dim).float()
    weight = random(STARTS[-1], heads.query * heads.dim)
    layout = Layout(
        starts=torch.tensor(STARTS, dtype=torch.int32, device=device),
        places=torch.tensor(padded_places(STARTS, LONGEST), device=device),
        sequences=len(STARTS) - 1,
        longest=LONGEST,
    )

    def run(way: str) -> list[Any]:
        output = attend(qkv, norms, turns.cos().to(dtype), turns.sin().to(dtype), layout, heads, way)
        return [output, *torch.autograd.grad((output * weight).sum(), [qkv])]

    return worst_of(zip(run(name), run("padded"), strict=True))
