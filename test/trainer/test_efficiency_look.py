"""The look after training: in the record of both recipes, in no timed step, and never the end of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Trainer, make_config, record_of
from running import attempt

from trainer.efficiency.repeat import wait_for_inputs

QUIET = {"untuned": False, "tuned": True, "letters": False, "batch": 4}


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    return make_config(model_folder, data_folder, evaluation=QUIET, profile=True)


@pytest.mark.parametrize(("recipe", "passes"), [("walkthrough", 4), ("fast", 1)])
def test_every_record_says_where_the_time_goes(
    config: dict[str, Any], tmp_path: Path, recipe: str, passes: int
) -> None:
    code, record = attempt(config | {"recipe": recipe}, tmp_path)
    assert code == 0, record["error"]
    found = record["efficiency"]
    assert record["phases"]["profile"] > 0
    assert found["shares"]["matmul"] > 0
    assert found["shares"]["communication"] == 0
    tokens = sorted(record["steps"]["tokens"])
    # Of three steps the middle one, in as many passes as the recipe takes.
    assert found["passTokens"] == pytest.approx(tokens[1] / passes, abs=1)
    # The walkthrough makes its batches while the model waits; the inputs of `fast` lie on the device.
    assert (found["shares"]["input"] > 0) == (recipe == "walkthrough")


@pytest.mark.parametrize("recipe", ["walkthrough", "fast"])
def test_what_was_trained_is_the_same_with_the_look_and_without(
    config: dict[str, Any], tmp_path: Path, recipe: str
) -> None:
    records = [
        attempt(config | {"recipe": recipe, "profile": profile}, tmp_path / str(profile))[1]
        for profile in (True, False)
    ]
    assert records[0]["adapter"]["sha256"] == records[1]["adapter"]["sha256"]
    assert records[0]["steps"]["loss"] == records[1]["steps"]["loss"]
    assert records[0]["evaluation"] == records[1]["evaluation"]
    assert records[1]["efficiency"] is None
    assert "profile" not in records[1]["phases"]


@pytest.mark.parametrize("recipe", ["walkthrough", "fast"])
def test_the_steps_of_the_look_are_all_after_the_last_timed_one(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    import trainer.efficiency.look as module

    looked: list[int] = []
    original = module.measure_efficiency

    def spy(**settings: Any) -> Any:
        looked.append(len(settings["steps"].seconds))
        return original(**settings)

    monkeypatch.setattr(module, "measure_efficiency", spy)
    attempt(config | {"recipe": recipe}, tmp_path)
    assert looked == [3]


@pytest.mark.parametrize(
    "place", ["trainer.efficiency.measure.profile_step", "trainer.efficiency.look.shape_of"]
)
def test_a_look_that_fails_costs_only_itself(
    config: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("no room for a profile\nand a long trace")

    monkeypatch.setattr(place, fail)
    code, record = attempt(config | {"recipe": "fast"}, tmp_path)
    assert (code, record["outcome"], record["efficiency"]) == (0, "ok", None)
    assert len(record["evaluation"]["tuned"]) == 10
    assert record["adapter"] is not None
    assert (
        "where the time goes is not known, efficiency is null: OutOfMemoryError: no room for a profile\n"
        in capfd.readouterr().err
    )


def test_a_look_that_fails_on_one_of_two_ranks_leaves_the_other_waiting_for_nothing(
    config: dict[str, Any], run_trainer: Trainer
) -> None:
    both = config | {"recipe": "fast", "world": config["world"] | {"nodes": ["node-0", "node-1"]}}
    done = run_trainer(both, ranks=2, fault="fail@in the profiler@0")
    assert done.returncode == 0, done.stderr
    record = record_of(done)
    assert (record["outcome"], record["efficiency"]) == ("ok", None)
    assert len(record["evaluation"]["tuned"]) == 10
    assert "efficiency is null: ValueError: the second step broke" in done.stderr


def test_waiting_for_samples_is_going_through_their_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock that moves by one second each time that somebody looks, and by ten for each batch.
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    def loader() -> Any:
        nonlocal now
        for _ in range(2):
            now += 10
            yield {}

    monkeypatch.setattr("trainer.efficiency.repeat.time.perf_counter", clock)
    assert wait_for_inputs(loader) == 21.0
