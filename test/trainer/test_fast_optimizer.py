"""The flat optimizer's step is that of torch's clipping and AdamW."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from trainer.fast.optimizer import State, Tables, make_state, update
from trainer.fast.schedule import BETA1, BETA2, EPSILON

STEPS = 5
RATES = [0.0, 1e-3, 2e-3, 2e-3, 1e-3]


def make_tables(decay: float) -> Tables:
    return Tables(
        torch.tensor([rate / (1 - BETA1 ** (step + 1)) for step, rate in enumerate(RATES)]),
        torch.tensor([math.sqrt(1 - BETA2 ** (step + 1)) for step in range(STEPS)]),
        torch.tensor([1 - rate * decay for rate in RATES]),
    )


def run_flat(
    parameters: torch.Tensor, gradients: list[torch.Tensor], *, max_norm: float, decay: float = 0.0
) -> State:
    state = make_state(parameters.clone(), num_steps=STEPS, scaled=False)
    for step, gradient in enumerate(gradients):
        loss = torch.zeros(1)
        update(
            state,
            make_tables(decay),
            torch.cat([gradient, loss]),
            torch.tensor(step),
            max_norm=max_norm,
            scaled=False,
        )
    return state


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("max_norm", [1.0, 1e9], ids=["clipped", "not clipped"])
def test_steps_are_those_of_adamw_after_clipping(max_norm: float, decay: float) -> None:
    generator = torch.Generator().manual_seed(1)
    first = torch.randn(1000, generator=generator)
    gradients = [torch.randn(1000, generator=generator) for _ in RATES]
    parameter = torch.nn.Parameter(first.clone())
    adamw = torch.optim.AdamW([parameter], betas=(BETA1, BETA2), eps=EPSILON, weight_decay=decay)
    norms = []
    for rate, gradient in zip(RATES, gradients, strict=True):
        adamw.param_groups[0]["lr"] = rate
        parameter.grad = gradient.clone()
        norms.append(torch.nn.utils.clip_grad_norm_([parameter], max_norm))
        adamw.step()
    state = run_flat(first, gradients, max_norm=max_norm, decay=decay)
    torch.testing.assert_close(state.parameters, parameter.detach(), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(state.history[:, 1], torch.stack(norms), rtol=1e-6, atol=0)


def test_the_norm_of_millions_of_gradients_is_right_to_the_last_digits_of_fp32() -> None:
    gradient = torch.randn(3_200_000, generator=torch.Generator().manual_seed(1))
    state = run_flat(torch.zeros_like(gradient), [gradient], max_norm=1.0)
    exact = gradient.double().norm().item()
    # Added up one after the other, as many squares are wrong by 6e-5.
    assert state.history[0, 1].item() == pytest.approx(exact, rel=1e-6)


class Asked(TorchDispatchMode):
    """Counts how often the host asks for a number."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.times += operation is torch.ops.aten._local_scalar_dense.default
        return operation(*args, **(kwargs or {}))


def test_a_step_asks_the_device_for_no_number() -> None:
    with Asked() as asked:
        run_flat(torch.ones(8), [torch.ones(8)], max_norm=1.0)
    assert asked.times == 0
