"""Whether the kernels of the network that is written out compute on this machine what plain operators do.

What a compiler makes of them on another GPU nobody has seen. Attention's are asked the same in attention_choice.py; where one
fails here, attention is left to the libraries and the rest to the compiled network.
"""

from __future__ import annotations

from typing import Any

from ..samples import IGNORED
from .architecture import Architecture
from .differences import cannot_run, is_within, worst_of

ROWS = 5


def find_kernel_problem(architecture: Architecture, *, device: Any, dtype: Any) -> str | None:
    """Why the kernels cannot be used here, None when they can."""
    try:
        worst = kernel_differences(architecture, device=device, dtype=dtype)
    except Exception as error:
        return cannot_run(error)
    off = [f"{name} by {difference:.3g}" for name, difference in worst.items() if not is_within(difference)]
    return f"it differs from plain operators: {', '.join(off)} of the norm on this machine" if off else None


def kernel_differences(architecture: Architecture, *, device: Any, dtype: Any) -> dict[str, float]:
    """By kernel, the largest difference between what it computes and what is wanted, relative to the norm of that."""
    import torch

    generator = torch.Generator(device="cpu").manual_seed(0)

    def random(*shape: int) -> Any:
        return torch.randn(*shape, generator=generator).to(device=device, dtype=dtype)

    return {
        "norm": worst_of(compare_norm(random, architecture.hidden, architecture.epsilon)),
        "gate": worst_of(compare_gate(random, architecture.intermediate)),
        "loss": worst_of(compare_loss(random, architecture.vocabulary)),
    }


def compare_norm(random: Any, width: int, epsilon: float) -> list[tuple[Any, Any]]:
    """Of the sum, its norm and the stream's gradient: what the kernels compute, and what is wanted."""
    import torch

    from .attention import rms_norm
    from .norm_triton import norm_back, norm_into

    stream, added, slope, before = (random(ROWS, width) for _ in range(4))
    weight = random(width)
    target, gradient = torch.empty_like(stream), before.clone()
    summed = norm_into(target, stream, added, weight, epsilon)
    norm_back(gradient, summed, weight, slope, epsilon)
    total = (stream + added).float().requires_grad_()
    normed = rms_norm(total, weight.float(), epsilon)
    (wanted,) = torch.autograd.grad([normed, total], [total], [slope.float(), before.float()])
    return [(summed, total.detach()), (target, normed.detach()), (gradient, wanted)]


def compare_gate(random: Any, width: int) -> list[tuple[Any, Any]]:
    """Of the gated product and its source's gradient."""
    import torch

    from .gate_triton import gate, gate_back

    source, slope = random(ROWS, 2 * width), random(ROWS, width)
    wide = source.float().requires_grad_()
    left, right = wide.chunk(2, dim=1)
    product = torch.nn.functional.silu(left) * right
    (wanted,) = torch.autograd.grad(product, [wide], slope.float())
    found = gate(source)
    return [(found, product.detach()), (gate_back(source, slope, source), wanted)]


def compare_loss(random: Any, width: int) -> list[tuple[Any, Any]]:
    """Of the loss and the logits' gradient, one row of which does not count."""
    import torch

    from .head import chunk_loss
    from .loss_triton import loss_in_place

    logits = 4 * random(ROWS, width)
    device = logits.device
    targets = torch.tensor([width - 1, IGNORED, 0, width // 2, 1], device=device)
    divisor, scale = torch.tensor(4.0, device=device), torch.tensor(64.0, device=device)
    wanted = chunk_loss(logits.float(), targets, divisor, scale)
    return list(zip(loss_in_place(logits, targets, divisor, scale), wanted, strict=True))
