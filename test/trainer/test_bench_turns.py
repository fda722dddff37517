"""Which runs a benchmark has, in which order, and that their configs differ in what the arm is and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.bench.arms import arm_config, why_not
from trainer.bench.shapes import SHAPES
from trainer.bench.turns import ARMS, Run, plan_runs
from trainer.parse import parse_config


def config_of(run: Run, shape: str = "bundled", device: str = "cpu") -> dict[str, Any]:
    return arm_config(
        SHAPES[shape],
        run,
        shape_name=shape,
        samples=32,
        model="m",
        data="d",
        device=device,
        commit=None,
        dirty=None,
        seed=42,
    )


def runs_of(**changes: Any) -> list[Run]:
    return plan_runs(ARMS, **({"repeats": 2, "max_steps": None, "seed": 1, "evaluates": True} | changes))


@given(repeats=st.integers(1, 5), seed=st.integers(0, 1000), limited=st.booleans())
def test_every_arm_is_timed_once_a_repeat_and_a_warm_cache_is_one_that_a_cold_run_filled(
    repeats: int, seed: int, limited: bool
) -> None:
    runs = runs_of(repeats=repeats, seed=seed, max_steps=3 if limited else None)
    assert len({run.name for run in runs}) == len(runs)
    timed = [run for run in runs if run.timed]
    for repeat in range(repeats):
        turn = [(run.arm, run.cache) for run in timed if run.repeat == repeat]
        assert sorted(turn) == [
            ("fast", "cold"), ("fast", "warm"), ("liger", "other"), ("trainer", "other"), ("walkthrough", "other"),
        ]  # fmt: skip
        assert turn.index(("fast", "cold")) < turn.index(("fast", "warm"))
    # Repeats follow each other: all arms meet what changes on the machine.
    assert [run.repeat for run in timed] == sorted(run.repeat for run in timed)


def test_the_order_of_arms_changes_from_repeat_to_repeat_and_with_the_seed() -> None:
    def orders(seed: int) -> list[tuple[str, ...]]:
        runs = [run for run in runs_of(repeats=4, seed=seed) if run.timed]
        return [tuple(run.name[:-2] for run in runs if run.repeat == repeat) for repeat in range(4)]

    assert len(set(orders(1))) > 1
    assert orders(1) == orders(1) != orders(2)


@pytest.mark.parametrize(
    ("repeats", "max_steps", "wanted"),
    [
        (1, None, [("trainer", 1), ("trainer", 2)]),
        (3, None, []),
        (1, 30, [("trainer", 1), ("trainer", 2), ("fast", 0)]),
        (5, 30, [("fast", 0)]),
    ],
)
def test_loss_curves_that_the_timed_runs_leave_out_are_added(
    repeats: int, max_steps: int | None, wanted: list[tuple[str, int]]
) -> None:
    runs = [run for run in runs_of(repeats=repeats, max_steps=max_steps) if not run.timed]
    assert [(run.arm, run.variant) for run in runs] == wanted
    assert {run.max_steps for run in runs} <= {max_steps}


def test_without_one_of_the_two_arms_there_is_no_curve_to_add() -> None:
    for arms in (("trainer",), ("fast", "walkthrough")):
        assert all(run.timed for run in plan_runs(arms, repeats=1, max_steps=None, seed=1, evaluates=False))


def test_accuracy_is_asked_once_of_each_arm_that_trains_to_the_end() -> None:
    assert sorted(run.name for run in runs_of() if run.evaluated) == [
        "fast-warm-0", "liger-0", "trainer-0", "walkthrough-0",
    ]  # fmt: skip
    assert not [run for run in runs_of(max_steps=3) if run.evaluated]
    assert not [run for run in runs_of(evaluates=False) if run.evaluated]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_trainer_takes_every_config(shape: str, device: str) -> None:
    for run in runs_of(max_steps=2):
        parse_config(config_of(run, shape, device), source=run.name)


def differences(one: Any, other: Any, path: str = "") -> set[str]:
    if not isinstance(one, dict):
        return set() if one == other else {path}
    return {
        found for key in one for found in differences(one[key], other[key], f"{path}.{key}" if path else key)
    }


def test_arms_differ_in_what_the_arm_is() -> None:
    configs = {run.name: config_of(run, "qwen3-1.7b") for run in runs_of(evaluates=False)}
    names = {"run.id", "run.arm"}
    assert differences(configs["trainer-0"], configs["fast-warm-0"]) == names | {"recipe"}
    assert differences(configs["trainer-0"], configs["liger-0"]) == names
    # A look at the first of both would be the same look.
    assert differences(configs["fast-cold-0"], configs["fast-warm-0"]) == names | {"profile"}
    assert differences(configs["trainer-0"], configs["walkthrough-0"]) == names | {
        "lora.dropout", "lora.targets", "training.gradientCheckpointing", "training.maxLength", "training.lossOn",
        "training.tooLong",
    }  # fmt: skip


def test_on_the_bundled_model_the_walkthrough_learns_what_the_others_learn() -> None:
    configs = {run.name: config_of(run) for run in runs_of()}
    assert differences(configs["trainer-0"], configs["walkthrough-0"]) == {
        "run.id", "run.arm", "training.gradientCheckpointing",
    }  # fmt: skip


def test_one_arm_does_not_change_the_settings_of_the_next() -> None:
    walkthrough, trainer = (
        next(run for run in runs_of() if run.arm == arm) for arm in ("walkthrough", "trainer")
    )
    before = config_of(trainer, "tiny")
    config_of(walkthrough, "tiny")
    assert config_of(trainer, "tiny") == before


@pytest.mark.parametrize(
    ("device", "has_liger", "reason"),
    [("cpu", True, "needs a GPU"), ("cuda", False, "not installed"), ("cuda", True, None)],
)
def test_liger_is_left_out_where_it_cannot_run(device: str, has_liger: bool, reason: str | None) -> None:
    found = why_not("liger", device=device, has_liger=has_liger)
    assert found is None if reason is None else found and reason in found
    assert why_not("trainer", device=device, has_liger=has_liger) is None
