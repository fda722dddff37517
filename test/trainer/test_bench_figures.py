"""Figures from runs: ratios of whole loops, extrapolation that is marked, and a reason for each that is missing."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.bench.figures import compare_answers, compare_losses, make_figures, prediction_error
from trainer.bench.measure import Measured
from trainer.bench.summary import median_step, summarise, whole_loop
from trainer.bench.turns import Run


def record_of(seconds: list[float], **changes: Any) -> dict[str, Any]:
    """The parts of a record that a benchmark reads."""
    return {
        "steps": {
            "seconds": seconds,
            "tokens": [100] * len(seconds),
            "targetTokens": [40] * len(seconds),
            "loss": [2.0] * len(seconds),
            "skipped": [False] * len(seconds),
        },
        "phases": {"import": 3.0, "train": sum(seconds), "evaluate": 5.0, "profile": 2.0, "total": 20.0},
        "memory": {"predictedGiB": None, "peakAllocatedGiB": None},
        "evaluation": None,
    } | changes


def measured(
    arm: str,
    seconds: list[float],
    *,
    cache: str = "other",
    timed: bool = True,
    problem: str | None = None,
    **changes: Any,
) -> Measured:
    return Measured(
        run=Run(
            name=f"{arm}-{cache}", arm=arm, cache=cache, repeat=0, variant=0, max_steps=None, timed=timed, evaluated=False
        ),  # type: ignore[arg-type]
        record=record_of(seconds, **changes),
        process_seconds=21.0,
        cache_files=0,
        problem=problem,
    )  # fmt: skip


RUNS = [
    measured("trainer", [2.0] * 10),
    measured("trainer", [4.0] * 10),
    measured("trainer", [3.0] * 10),
    # There for its loss curve alone.
    measured("trainer", [100.0] * 10, timed=False),
    measured("walkthrough", [6.0] * 10),
    measured(
        "fast",
        [0.5] * 10,
        cache="warm",
        efficiency={"ceilingShare": 0.5, "ceilings": {"matmulTflops": 700.0}},
    ),
    measured("fast", [9.0] * 10, cache="cold"),
]
HARNESS = {"overhead": 0.004}


def figures_of(runs: list[Measured], **changes: Any) -> tuple[dict[str, Any], dict[str, str]]:
    return make_figures(runs, **({"full_steps": 10, "harness": HARNESS, "left_out": {}} | changes))


def test_ratios_are_those_of_the_median_loops_against_the_warm_fast_one() -> None:
    figures, reasons = figures_of(RUNS)
    assert figures == {
        "vsTrainer": 6.0,
        "vsWalkthrough": 12.0,
        "ceilingShare": 0.5,
        # The process's 21 seconds, without 5 of evaluation and 2 of profile.
        "secondsToAdapterCold": 14.0,
        "secondsToAdapterWarm": 14.0,
        "memoryPredictionError": None,
        "harnessOverhead": 0.004,
    }
    assert list(reasons) == ["memoryPredictionError"]


def test_the_warm_up_is_in_the_loop_and_not_in_the_median_step() -> None:
    seconds = [50.0, 1, 1, 1, 1, 2, 2, 3, 2]
    assert median_step(seconds) == 2
    assert median_step([50.0, 1]) == 1
    assert whole_loop(seconds, 9) == 63
    assert whole_loop(seconds, 12) == 69


def test_an_extrapolated_loop_is_marked_and_keeps_what_was_measured() -> None:
    found = summarise(measured("trainer", [9.0, *[1.0] * 9]), 20)
    assert found["extrapolated"] is True
    assert (found["measuredLoopSeconds"], found["wholeLoopSeconds"]) == (18.0, 28.0)
    assert summarise(measured("trainer", [1.0] * 10), 10)["extrapolated"] is False


@pytest.mark.parametrize(
    ("runs", "changes", "key", "reason"),
    [
        (RUNS[4:], {}, "vsTrainer", "arm trainer: it was not asked for"),
        (RUNS, {"left_out": {"trainer": "no room"}}, "vsTrainer", "arm trainer: no room"),
        (RUNS, {"harness": {"problem": "it broke"}}, "harnessOverhead", "it broke"),
        (RUNS, {"harness": None}, "harnessOverhead", "not asked for"),
        ([measured("fast", [1.0] * 10, cache="warm")], {}, "ceilingShare", "fast-warm holds no efficiency"),
        (
            [measured("fast", [1.0] * 10, cache="warm", problem="out-of-memory: too much")],
            {},
            "secondsToAdapterWarm",
            "arm fast: out-of-memory: too much",
        ),
    ],
)
def test_a_figure_that_cannot_be_known_is_null_with_its_reason(
    runs: list[Measured], changes: dict[str, Any], key: str, reason: str
) -> None:
    figures, reasons = figures_of(runs, **changes)
    assert figures[key] is None
    assert reason in reasons[key]


def test_the_worst_prediction_of_all_timed_runs_counts() -> None:
    def with_memory(predicted: float | None, peak: float | None, **more: Any) -> Measured:
        memory = {"predictedGiB": predicted, "peakAllocatedGiB": peak}
        return measured("fast", [1.0] * 10, cache="warm", memory=memory, **more)

    assert prediction_error(with_memory(9.0, 10.0)) == pytest.approx(0.1)
    assert prediction_error(with_memory(9.0, None)) is None
    runs = [with_memory(9.0, 10.0), with_memory(12.0, 10.0), with_memory(99.0, 10.0, timed=False)]
    assert figures_of(runs)[0]["memoryPredictionError"] == pytest.approx(0.2)


def with_losses(arm: str, losses: list[float], **more: Any) -> Measured:
    one = measured(arm, [1.0] * len(losses), **more)
    assert one.record
    one.record["steps"]["loss"] = losses
    return one


def test_every_curve_of_fast_with_as_many_steps_is_held_against_all_of_trainers() -> None:
    runs = [
        with_losses("trainer", [3.0, 2.0]),
        with_losses("trainer", [3.1, 2.1], timed=False),
        with_losses("fast", [3.05, 2.0], cache="cold"),
        with_losses("fast", [3.05, 2.0, 1.0], cache="warm"),
    ]
    found = compare_losses(runs, left_out={})
    assert found["within"] is True
    assert (found["baselines"], list(found["curves"])) == (2, ["fast-cold"])
    strange = [*runs, with_losses("fast", [9.0, 2.0], cache="warm")]
    assert compare_losses(strange, left_out={})["within"] is False


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        (
            [with_losses("trainer", [1.0]), with_losses("fast", [1.0])],
            "there are not two runs of arm trainer",
        ),
        ([with_losses("trainer", [1.0])] * 2, "no run of arm fast"),
        ([with_losses("trainer", [1.0], problem="failed")] * 2, "there are not two runs of arm trainer"),
    ],
)
def test_without_curves_to_compare_nothing_is_claimed(runs: list[Measured], reason: str) -> None:
    found = compare_losses(runs, left_out={})
    assert found["within"] is None
    assert reason in found["reason"]


def answers(right: str) -> dict[str, Any]:
    """One question a character: 1 is right."""
    return {"tuned": [{"gold": 1, "predicted": int(mark)} for mark in right]}


def test_answers_to_the_same_questions_are_counted_in_pairs() -> None:
    runs = [
        measured("walkthrough", [1.0], evaluation=answers("110010")),
        measured("fast", [1.0], cache="warm", evaluation=answers("101010")),
    ]
    assert compare_answers(runs) == {
        "questions": 6, "right": {"walkthrough": 3, "fast": 3}, "bothRight": 2, "onlyWalkthrough": 1, "onlyFast": 1,
        "bothWrong": 2, "margin": 0.02,
    }  # fmt: skip
    assert compare_answers(runs[:1]) is None
