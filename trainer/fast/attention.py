"""Attention over samples that lie behind each other in one row, each causal and by itself.

Two ways to the same numbers: torch's variable-length flash kernel, and padding for the attention alone. Padding works
wherever torch does; the kernel has to pass a check on the machine it is used on, because its support differs between
builds (on ROCm it came with torch 2.11: pytorch/pytorch pull requests 170969 and 174105).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE = 2e-2
"""Largest relative difference between the kernel and the padded way in half precision, forward and backward."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where the sequences of a row are, as tensors on the device."""

    starts: Any
    """int32 [sequences + 1]."""
    places: Any
    """int64 [tokens]: where each token of the row lies in the padded form, sequence * longest + position; None for the
    kernel, which needs none."""
    sequences: int
    longest: int
    """Length that no sequence exceeds."""


def padded_places(starts: Sequence[int], longest: int) -> list[int]:
    """For each token of the row its place in rows of `longest`."""
    return [
        sequence * longest + position
        for sequence, (begin, end) in enumerate(itertools.pairwise(starts))
        for position in range(end - begin)
    ]


def attend_padded(query: Any, key: Any, value: Any, layout: Layout) -> Any:
    """query [tokens, heads, dim], key and value [tokens, kv heads, dim]: the output [tokens, heads, dim].

    Sequences are padded on the right, where a causal mask hides the padding from every real token: no mask is needed.
    """
    import torch

    def pad(tensor: Any) -> Any:
        wide = tensor.new_zeros((layout.sequences * layout.longest, *tensor.shape[1:]))
        wide = wide.index_copy(0, layout.places, tensor)
        return wide.view(layout.sequences, layout.longest, *tensor.shape[1:]).transpose(1, 2)

    output = torch.nn.functional.scaled_dot_product_attention(
        pad(query), pad(key), pad(value), is_causal=True, enable_gqa=query.shape[1] != key.shape[1]
    )
    flat = output.transpose(1, 2).reshape(layout.sequences * layout.longest, *query.shape[1:])
    return flat.index_select(0, layout.places)


def attend_varlen(query: Any, key: Any, value: Any, layout: Layout) -> Any:
    """As `attend_padded`, by torch's kernel; it takes fewer key and value heads than query heads as they are."""
    from torch.nn.attention.varlen import varlen_attn

    return varlen_attn(
        query, key, value, layout.starts, layout.starts, layout.longest, layout.longest, window_size=(-1, 0)
    )


def choose_attention(
    wanted: str, *, device: Any, dtype: Any, heads: int, kv_heads: int, head_dim: int
) -> str:
    """`varlen` or `padded`: what the config says, and for `auto` the kernel where it passes its check.

    `varlen` asked for by name and not fit is an error: a run must not measure something else than it says.
    """
    import torch

    from ..errors import refuse

    if wanted == "padded":
        return "padded"
    if device.type != "cuda" or dtype == torch.float32:
        problem: str | None = f"the kernel takes fp16 and bf16 on a GPU, not {dtype} on {device.type}"
    else:
        problem = check_varlen(device=device, dtype=dtype, heads=heads, kv_heads=kv_heads, head_dim=head_dim)
    if problem is None:
        return "varlen"
    if wanted == "varlen":
        raise refuse(
            "E_ATTENTION", f'fast.attention: wanted "varlen", but {problem}. Use "padded" or "auto".'
        )
    return "padded"


def check_varlen(*, device: Any, dtype: Any, heads: int, kv_heads: int, head_dim: int) -> str | None:
    """What is wrong with the kernel here, compared with the padded way on three short sequences; None when nothing is."""
    import torch

    starts = (0, 7, 40, 64)
    generator = torch.Generator(device="cpu").manual_seed(0)

    def random(num_heads: int) -> Any:
        values = torch.randn(starts[-1], num_heads, head_dim, generator=generator)
        return values.to(device=device, dtype=dtype).requires_grad_()

    inputs = random(heads), random(kv_heads), random(kv_heads)
    weight = torch.randn(starts[-1], heads, head_dim, generator=generator).to(device=device, dtype=dtype)
    layout = Layout(
        starts=torch.tensor(starts, dtype=torch.int32, device=device),
        places=torch.tensor(padded_places(starts, 33), device=device),
        sequences=3,
        longest=33,
    )

    def run(attend: Callable[..., Any]) -> list[Any]:
        output = attend(*inputs, layout)
        return [output, *torch.autograd.grad((output * weight).sum(), inputs)]

    try:
        found, wanted = run(attend_varlen), run(attend_padded)
    except (RuntimeError, NotImplementedError, ImportError) as error:
        return f"torch {torch.__version__} cannot run it here ({type(error).__name__}: {str(error).splitlines()[0]})"
    for one, other in zip(found, wanted, strict=True):
        difference = ((one - other).float().norm() / other.float().norm()).item()
        if not difference <= TOLERANCE:
            return f"it differs from plain attention by {difference:.3g} of the norm on this machine"
    return None
