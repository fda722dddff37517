"""Runs a few steps under PyTorch's profiler, and the same steps without it: what ran when, and how long it all takes.

The profiler slows the host down, not the kernels: durations come from the profile, the time they are held against from
the undisturbed steps. On a GPU only the device is traced, which costs the host least. On a CPU each operator that
computes counts from its own start to its end, views and Python between them as launching.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..device import synchronise
from .kinds import Kind, kernel_kind, operator_kind
from .shares import Event, shares_of

PROFILED_STEPS = 3
NUM_STEPS = 1 + 2 * PROFILED_STEPS
"""How often `profile_step` runs its step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Where the time of a step goes."""

    shares: dict[str, float]
    seconds: float
    """Of one step, undisturbed; median."""
    steps: int


def profile_step(step: Callable[[], Any], device: Any, *, input_seconds: float = 0.0) -> Profile:
    """Run `step` seven times: once to warm up, three times by the clock, three times under the profiler.

    `step` is one optimizer step's forward and backward, and changes nothing. With several ranks all of them call this
    at the same time, since a step may hold collectives. `input_seconds` is what one step waits for its samples.
    """
    step()
    synchronise(device)
    seconds = []
    for _ in range(PROFILED_STEPS):
        begin = time.perf_counter()
        step()
        synchronise(device)
        seconds.append(time.perf_counter() - begin)
    events = trace(step, device, PROFILED_STEPS)
    wall = median(seconds) + input_seconds
    shares = shares_of(
        events, wall_seconds=wall * PROFILED_STEPS, input_seconds=input_seconds * PROFILED_STEPS
    )
    return Profile(shares=shares, seconds=wall, steps=PROFILED_STEPS)


def trace(step: Callable[[], Any], device: Any, steps: int) -> list[Event]:
    """What ran on the device while `step` ran so often."""
    on_gpu = device.type == "cuda"
    with warnings.catch_warnings():
        # That it forgets what came before the only cycle there is.
        warnings.filterwarnings("ignore", message=".*Profiler clears events.*")
        with _open_profiler(on_gpu) as profiler:
            for _ in range(steps):
                step()
                synchronise(device)
    # Its `events()` would build a tree of Python objects: seconds for what is read here in milliseconds.
    backend = profiler.profiler if on_gpu else profiler
    found = backend.kineto_results.events()
    return kernels(found) if on_gpu else operators(found)


def _open_profiler(on_gpu: bool) -> Any:
    """torch.profiler on a GPU; on a CPU the one below it, which does not import Inductor first (3 s on a laptop core)."""
    if on_gpu:
        from torch.profiler import ProfilerActivity, profile

        return profile(activities=[ProfilerActivity.CUDA])
    from torch.autograd.profiler import profile as backend

    # It looks for GPUs all the same, and a build for CUDA calls it an error that there is none.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    return backend(use_kineto=True)


def kernels(found: Iterable[Any]) -> list[Event]:
    """The device's own entries: kernels, copies and fills on all streams."""
    from torch.autograd import DeviceType

    return [
        Event(entry.name(), entry.start_ns() / 1e9, entry.duration_ns() / 1e9, kernel_kind(entry.name()))
        for entry in found
        if entry.device_type() == DeviceType.CUDA and not entry.is_user_annotation()
    ]


def operators(found: Iterable[Any]) -> list[Event]:
    """The host's operators that compute and hold no other such operator: `linear` counts as the product inside it.

    One that names its kind for all that is in it (attention, a compiled region, a collective) counts as a whole.
    """
    named = [(entry, operator_kind(entry.name())) for entry in found]
    kept = sorted(
        ((entry, kind) for entry, kind in named if kind is not None),
        key=lambda pair: (pair[0].start_thread_id(), pair[0].start_ns(), -pair[0].duration_ns()),
    )
    events = []
    for number, (entry, kind) in enumerate(kept):
        following = kept[number + 1][0] if number + 1 < len(kept) else None
        if _is_whole(entry.name(), kind) or not _holds(entry, following):
            events.append(Event(entry.name(), entry.start_ns() / 1e9, entry.duration_ns() / 1e9, kind))
    return events


def _is_whole(name: str, kind: Kind) -> bool:
    return kind in ("attention", "communication") or "CompiledFxGraph" in name


def _holds(entry: Any, following: Any) -> bool:
    return (
        following is not None
        and following.start_thread_id() == entry.start_thread_id()
        and following.start_ns() < entry.start_ns() + entry.duration_ns()
    )
