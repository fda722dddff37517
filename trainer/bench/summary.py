"""What is read from one run's record: its loop, its step, its time to an adapter."""

from __future__ import annotations

from statistics import median
from typing import Any

from .measure import Measured

WARMUP_STEPS = 5
"""Left out of the median step, not of the loop: the first steps choose kernels and fill caches. Of a shorter run the
first half is left out."""
NOT_THE_ADAPTERS = ("evaluateUntuned", "evaluate", "profile")
"""Phases that a user who only wants the adapter would not pay for."""


def median_step(seconds: list[float]) -> float:
    """Of the steps after the warm-up."""
    return median(seconds[min(WARMUP_STEPS, len(seconds) // 2) :])


def whole_loop(seconds: list[float], full_steps: int) -> float:
    """Seconds of a loop of `full_steps`: as measured, and the median step for each that is missing."""
    return sum(seconds) + (full_steps - len(seconds)) * median_step(seconds)


def seconds_to_adapter(measured: Measured) -> float:
    """From the start of the process to its end, without evaluation and profile: a little more than until it was saved."""
    phases = measured.record["phases"] if measured.record else {}
    return measured.process_seconds - sum(phases.get(name, 0.0) for name in NOT_THE_ADAPTERS)


def summarise(measured: Measured, full_steps: int) -> dict[str, Any]:
    """One run as the result's `raw.runs` has it."""
    run = measured.run
    known: dict[str, Any] = {
        "name": run.name,
        "arm": run.arm,
        "cache": run.cache,
        "repeat": run.repeat,
        "timed": run.timed,
        "problem": measured.problem,
        "processSeconds": measured.process_seconds,
        "cacheFilesBefore": measured.cache_files,
    }
    record = measured.record
    if record is None or record["steps"] is None:
        return known
    steps, efficiency = record["steps"], record.get("efficiency")
    loop = sum(steps["seconds"])
    return known | {
        "steps": len(steps["seconds"]),
        "extrapolated": len(steps["seconds"]) < full_steps,
        "measuredLoopSeconds": loop,
        "wholeLoopSeconds": whole_loop(steps["seconds"], full_steps),
        "medianStepSeconds": median_step(steps["seconds"]),
        "tokensPerSecond": sum(steps["tokens"]) / loop,
        "tokens": sum(steps["tokens"]),
        "targetTokens": sum(steps["targetTokens"]),
        "skippedSteps": sum(steps["skipped"]),
        "lastLoss": steps["loss"][-1],
        "secondsToAdapter": seconds_to_adapter(measured),
        "phases": record["phases"],
        "memory": record["memory"],
        "compileCache": record.get("compileCache"),
        "ceilingTflops": efficiency and efficiency["ceilings"]["matmulTflops"],
        "ceilingShare": efficiency and efficiency["ceilingShare"],
        "shares": efficiency and efficiency["shares"],
    }
