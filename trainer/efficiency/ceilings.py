"""What the device of this process can do at most, measured: matrix products and copies. The roofs of a roofline.

A datasheet's peak is out of reach of any program (an MI300X reaches 654 of its 1307 TFLOP/s in fp16, by AMD's own
measurement, and faster on zeros than on real data), so a run is held against a product of normal-distributed numbers in
the same process, on the same clocks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from ..device import synchronise, torch_dtype

GPU_SIZE, GPU_COPY_BYTES = 8192, 2**30
CPU_SIZE, CPU_COPY_BYTES = 1024, 2**28
MAX_REPEATS = 30
GPU_BUDGET, CPU_BUDGET = 0.25, 0.3
"""Seconds of repeats, for each of the two ceilings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceilings:
    """Of one device, in one precision."""

    matmul_tflops: float
    """Median of the repeats: what lasts. The best is what a cool device reaches for a moment."""
    best_matmul_tflops: float
    copy_gbs: float
    """Read plus write, in 10^9 bytes a second; median of the repeats."""
    best_copy_gbs: float
    precision: str
    size: int
    """Rows and columns of the product."""


def measure_ceilings(device: Any, precision: str) -> Ceilings:
    """Both ceilings, in under 1 s on a GPU and 2 s on a CPU. Takes up to 2 GiB on a GPU: read peak memory before."""
    budget = GPU_BUDGET if device.type == "cuda" else CPU_BUDGET
    size = choose_size(device, precision, budget)
    products = _time_products(device, precision, size, budget)
    copies, num_bytes = _time_copies(device, budget)
    if device.type == "cuda":
        import torch

        torch.cuda.empty_cache()
    flop = 2 * size**3
    return Ceilings(
        matmul_tflops=flop / median(products) / 1e12,
        best_matmul_tflops=flop / min(products) / 1e12,
        copy_gbs=2 * num_bytes / median(copies) / 1e9,
        best_copy_gbs=2 * num_bytes / min(copies) / 1e9,
        precision=precision,
        size=size,
    )


def choose_size(device: Any, precision: str, budget: float) -> int:
    """The usual size, halved until the memory is there and three products fit the time: bf16 is slow on old CPUs."""
    if device.type == "cuda":
        # Three matrices; half of what is free may be taken.
        room = _free_bytes(device) / 2 / 3 / torch_dtype(precision).itemsize
        size = GPU_SIZE
        while size > 256 and size**2 > room:
            size //= 2
        return size
    probe = min(_time_products(device, precision, 256, 0.0))
    size = CPU_SIZE
    while size > 256 and 3 * probe * (size / 256) ** 3 > budget:
        size //= 2
    return size


def _time_products(device: Any, precision: str, size: int, budget: float) -> list[float]:
    import torch

    generator = torch.Generator(device).manual_seed(0)
    left, right = (
        torch.randn(size, size, device=device, generator=generator).to(torch_dtype(precision))
        for _ in range(2)
    )
    out = torch.empty_like(left)
    return time_repeats(lambda: torch.mm(left, right, out=out), device, budget)


def _time_copies(device: Any, budget: float) -> tuple[list[float], int]:
    import torch

    num_bytes = CPU_COPY_BYTES
    if device.type == "cuda":
        num_bytes = GPU_COPY_BYTES
        while num_bytes > 2**20 and 4 * num_bytes > _free_bytes(device):
            num_bytes //= 2
    source, target = (torch.ones(num_bytes, dtype=torch.uint8, device=device) for _ in range(2))
    return time_repeats(lambda: target.copy_(source), device, budget), num_bytes


def time_repeats(work: Callable[[], Any], device: Any, budget: float) -> list[float]:
    """Seconds of each repeat, by the device's own events on a GPU; warmed up by three, then at least two in `budget`."""
    import torch

    for _ in range(3 if device.type == "cuda" else 1):
        work()
    synchronise(device)
    begin = time.perf_counter()
    work()
    synchronise(device)
    repeats = int(min(MAX_REPEATS, max(2, budget / max(time.perf_counter() - begin, 1e-9))))
    if device.type != "cuda":
        return [_clocked(work) for _ in range(repeats)]
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    synchronise(device)
    return [before.elapsed_time(after) / 1e3 for before, after in pairwise(marks)]


def _clocked(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _free_bytes(device: Any) -> int:
    import torch

    return int(torch.cuda.mem_get_info(device)[0])
