"""Clipping, AdamW and loss scaling over flat tensors, decided on the device: no step waits for an answer to the host.

The rules are those of torch.nn.utils.clip_grad_norm_, torch.optim.AdamW and torch.amp.GradScaler, which the walkthrough
uses; a skipped step moves neither parameters nor the schedule, as with Accelerate.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .schedule import BETA1, BETA2, EPSILON, StepTable

FIRST_SCALE = 65536.0
GROWTH_INTERVAL = 2000


class State(NamedTuple):
    """All that changes in a step; tensors on the device, changed in place."""

    parameters: Any
    """fp32 [parameters]."""
    first_moment: Any
    second_moment: Any
    scale: Any
    """fp32 scalar: what the loss is multiplied by; 1 where the precision needs none."""
    good_steps: Any
    """int64 scalar: steps since the scale last changed."""
    applied: Any
    """int64 scalar: optimizer steps that moved the parameters."""
    history: Any
    """fp32 [steps, 4]: loss, gradient norm before clipping, 1 where skipped, scale of the step."""


class Tables(NamedTuple):
    """StepTable on the device, fp32 [steps]."""

    step_size: Any
    second_correction: Any
    decay: Any


def make_state(parameters: Any, *, num_steps: int, scaled: bool) -> State:
    """The state before the first step; `parameters` is shared, not copied."""
    device = parameters.device
    return State(
        parameters=parameters,
        first_moment=torch.zeros_like(parameters),
        second_moment=torch.zeros_like(parameters),
        scale=torch.tensor(FIRST_SCALE if scaled else 1.0, device=device),
        good_steps=torch.zeros((), dtype=torch.int64, device=device),
        applied=torch.zeros((), dtype=torch.int64, device=device),
        history=torch.zeros(num_steps, 4, dtype=torch.float32, device=device),
    )


def put_tables(table: StepTable, device: Any) -> Tables:
    """The tables as tensors."""

    def put(values: list[float]) -> Any:
        return torch.tensor(values, dtype=torch.float32, device=device)

    return Tables(put(table.step_size), put(table.second_correction), put(table.decay))


def update(state: State, tables: Tables, gradient: Any, step: Any, *, max_norm: float, scaled: bool) -> None:
    """One optimizer step, in place. `gradient` [parameters + 1] carries the scale; its last entry is the loss, without."""
    parameters, first, second, scale, good, applied, history = state
    unscaled = gradient[:-1] / scale
    # Not vector_norm: on a CPU it adds up millions of squares one after the other, and is wrong in the fifth digit.
    norm = (unscaled * unscaled).sum().sqrt()
    finite = torch.isfinite(norm)
    clipped = unscaled * torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    # Not `table[place]`: an index of one number is fetched by the host, which then waits for the whole step.
    place = torch.clamp(applied, max=tables.decay.shape[0] - 1).reshape(1)
    step_size, correction, kept = (table.index_select(0, place) for table in tables)
    new_first = torch.lerp(first, clipped, 1 - BETA1)
    new_second = BETA2 * second + (1 - BETA2) * clipped * clipped
    divisor = new_second.sqrt() / correction + EPSILON
    moved = parameters * kept - step_size * new_first / divisor
    first.copy_(torch.where(finite, new_first, first))
    second.copy_(torch.where(finite, new_second, second))
    parameters.copy_(torch.where(finite, moved, parameters))
    history.index_copy_(
        0, step.reshape(1), torch.stack([gradient[-1], norm, (~finite).float(), scale]).unsqueeze(0)
    )
    applied.add_(finite.long())
    if scaled:
        grown = good + 1
        grows = finite & (grown >= GROWTH_INTERVAL)
        changed = torch.where(finite, torch.where(grows, scale * 2.0, scale), scale * 0.5)
        good.copy_(torch.where(finite & ~grows, grown, torch.zeros_like(grown)))
        scale.copy_(changed)
