"""The result's figures, from what all runs left; each that cannot be known here is null and has its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from .curve import judge_curve
from .measure import Measured
from .summary import seconds_to_adapter, whole_loop

MARGIN = 0.02
"""Two arms are as accurate as each other when their difference is surely within two points; set before looking."""


class Missing(Exception):
    """Why a figure is null."""


def make_figures(
    measured: Sequence[Measured], *, full_steps: int, harness: dict[str, Any] | None, left_out: dict[str, str]
) -> tuple[dict[str, float | None], dict[str, str]]:
    """(figures, reason of each that is null). `left_out` names arms that were left out, with the reason."""

    def of(arm: str, *, cache: str | None = None) -> list[Measured]:
        return usable(measured, arm, cache=cache, left_out=left_out)

    def ratio(arm: str) -> float:
        loops = [median(loops_of(found, full_steps)) for found in (of(arm), of("fast", cache="warm"))]
        return loops[0] / loops[1]

    def share() -> float:
        return median(
            known(one, ("efficiency", "ceilingShare"), "holds no efficiency")
            for one in of("fast", cache="warm")
        )

    def to_adapter(cache: str) -> float:
        return median(seconds_to_adapter(one) for one in of("fast", cache=cache))

    def prediction() -> float:
        # Liger's kernels keep less than Transformers' own modules, which are what is predicted.
        counted = [one for one in measured if one.run.timed and one.run.arm != "liger"]
        errors = [prediction_error(one) for one in counted if one.problem is None]
        found = [error for error in errors if error is not None]
        if not found:
            raise Missing("no record holds both a predicted and a measured peak of a GPU's memory")
        return max(found)

    def overhead() -> float:
        if harness is None:
            raise Missing("the harness is that of arm fast, which was not asked for")
        if harness.get("overhead") is None:
            raise Missing(f"the harness was not measured: {harness['problem']}")
        return float(harness["overhead"])

    wanted: dict[str, Callable[[], float]] = {
        "vsTrainer": lambda: ratio("trainer"),
        "vsWalkthrough": lambda: ratio("walkthrough"),
        "ceilingShare": share,
        "secondsToAdapterCold": lambda: to_adapter("cold"),
        "secondsToAdapterWarm": lambda: to_adapter("warm"),
        "memoryPredictionError": prediction,
        "harnessOverhead": overhead,
    }
    figures: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for key, compute in wanted.items():
        try:
            figures[key] = compute()
        except Missing as missing:
            figures[key], reasons[key] = None, str(missing)
    return figures, reasons


def usable(
    measured: Sequence[Measured], arm: str, *, cache: str | None = None, left_out: dict[str, str]
) -> list[Measured]:
    """The timed runs of an arm that ended well; Missing when there is none."""
    if arm in left_out:
        raise Missing(f"arm {arm}: {left_out[arm]}")
    mine = [
        one
        for one in measured
        if one.run.arm == arm and one.run.timed and (cache is None or one.run.cache == cache)
    ]
    well = [one for one in mine if one.problem is None]
    if not well:
        problems = [one.problem for one in mine]
        raise Missing(f"arm {arm}: {problems[0] if problems else 'it was not asked for'}")
    return well


def loops_of(found: Sequence[Measured], full_steps: int) -> list[float]:
    """Seconds of each run's whole loop."""
    return [whole_loop(one.record["steps"]["seconds"], full_steps) for one in found if one.record]


def known(one: Measured, path: Sequence[str], otherwise: str) -> float:
    """A number of a record by its keys; Missing where one of them leads to nothing."""
    value: Any = one.record
    for key in path:
        value = value.get(key) if value else None
    if value is None:
        raise Missing(f"the record of {one.run.name} {otherwise}")
    return float(value)


def prediction_error(one: Measured) -> float | None:
    """How far the predicted peak was from the measured one, as a share of this; None where one is missing."""
    memory = one.record["memory"] if one.record else {}
    predicted, peak = memory.get("predictedGiB"), memory.get("peakAllocatedGiB")
    return abs(predicted - peak) / peak if predicted is not None and peak else None


def compare_losses(measured: Sequence[Measured], *, left_out: dict[str, str]) -> dict[str, Any]:
    """Whether every curve of `fast` is one of `trainer`'s but for rounding; `within` is null where that cannot be told."""
    well = [one for one in measured if one.problem is None and one.record and one.record["steps"]]
    baseline = [one.record["steps"]["loss"] for one in well if one.run.arm == "trainer" and one.record]
    if len(baseline) < 2:
        return {"within": None, "reason": left_out.get("trainer", "there are not two runs of arm trainer")}
    curves = {
        one.run.name: one.record["steps"]["loss"]
        for one in well
        if one.run.arm == "fast" and one.record and len(one.record["steps"]["loss"]) == len(baseline[0])
    }
    if not curves:
        return {"within": None, "reason": "no run of arm fast has as many steps as arm trainer's"}
    verdicts = {name: judge_curve(curve, baseline) for name, curve in curves.items()}
    return {
        "within": all(verdict.within for verdict in verdicts.values()),
        "baselines": len(baseline),
        "curves": {name: verdict.to_json() for name, verdict in verdicts.items()},
    }


def compare_answers(measured: Sequence[Measured]) -> dict[str, Any] | None:
    """How `walkthrough` and `fast` answered the same questions, counted for McNemar's test and for equivalence."""
    found = {}
    for one in measured:
        evaluation = one.record.get("evaluation") if one.record and one.problem is None else None
        if evaluation:
            found[one.run.arm] = [entry["gold"] == entry["predicted"] for entry in evaluation["tuned"]]
    if not {"walkthrough", "fast"} <= found.keys():
        return None
    pairs = list(zip(found["walkthrough"], found["fast"], strict=True))
    return {
        "questions": len(pairs),
        "right": {arm: sum(answers) for arm, answers in found.items()},
        "bothRight": pairs.count((True, True)),
        "onlyWalkthrough": pairs.count((True, False)),
        "onlyFast": pairs.count((False, True)),
        "bothWrong": pairs.count((False, False)),
        "margin": MARGIN,
    }
