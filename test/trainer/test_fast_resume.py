"""`train --resume` after a SIGKILL of a real process: the curve and the adapter are those of an uninterrupted run, to the bit."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from conftest import Trainer, make_config, record_of

from trainer.checkpoint import FOLDER, find_checkpoint

QUIET = {"untuned": False, "tuned": False, "letters": False, "batch": 4}


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    """Five steps with dropout, a checkpoint after each but the last."""
    return make_config(
        model_folder, data_folder, recipe="fast", evaluation=QUIET, training__epochs=4, fast__checkpointEvery=1,
        fast__samplesAtOnce=2,
    )  # fmt: skip


def same_training(one: dict[str, Any], other: dict[str, Any]) -> None:
    for key in ("loss", "gradientNorm", "tokens", "targetTokens", "skipped"):
        assert one["steps"][key] == other["steps"][key], key
    assert one["adapter"]["sha256"] == other["adapter"]["sha256"]


def whole_run(config: dict[str, Any], run_trainer: Trainer, ranks: int) -> dict[str, Any]:
    """The record of a run that nothing happens to, and that keeps no checkpoints."""
    done = run_trainer(config | {"fast": config["fast"] | {"checkpointEvery": None}}, ranks=ranks)
    assert done.returncode == 0, done.stderr
    return record_of(done)


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        # In the fourth step: three are saved.
        ("between steps", 3),
        # The second save's manifest: the first one is whole.
        ("in a save", 1),
    ],
)
def test_goes_on_after_a_kill(
    config: dict[str, Any], run_trainer: Trainer, tmp_path: Path, place: str, kept: int
) -> None:
    whole = whole_run(config, run_trainer, ranks=1)
    killed = run_trainer(config, fault=f"die@{place}")
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == ""
    found = find_checkpoint(tmp_path / "out")
    assert found is not None and found.step == kept
    done = run_trainer(config, more=("--resume",))
    assert done.returncode == 0, done.stderr
    record = record_of(done)
    assert record["resumedFrom"] == kept
    same_training(record, whole)
    # Nothing of the killed save is left.
    assert sorted(path.name for path in (tmp_path / "out" / FOLDER).iterdir()) == [
        ".lock", "step-00000003", "step-00000004",
    ]  # fmt: skip


@pytest.mark.parametrize("killed_rank", [0, 1])
def test_two_ranks_go_on_after_one_was_killed(
    config: dict[str, Any], run_trainer: Trainer, tmp_path: Path, killed_rank: int
) -> None:
    both = config | {"world": config["world"] | {"nodes": ["node-0", "node-1"]}}
    whole = whole_run(both, run_trainer, ranks=2)
    killed = run_trainer(both, fault=f"die@between steps@{killed_rank}", ranks=2)
    assert killed.returncode != 0
    found = find_checkpoint(tmp_path / "out")
    # The first rank may have come one step further before it noticed that the other one was gone.
    assert found is not None and found.step in ((3,) if killed_rank == 0 else (3, 4))
    done = run_trainer(both, ranks=2, more=("--resume",))
    assert done.returncode == 0, done.stderr
    record = record_of(done)
    assert record["resumedFrom"] == found.step
    same_training(record, whole)


def test_a_checkpoint_of_two_ranks_is_refused_by_one_and_by_other_settings_on_both(
    config: dict[str, Any], run_trainer: Trainer
) -> None:
    both = config | {"world": config["world"] | {"nodes": ["node-0", "node-1"]}}
    assert run_trainer(both, fault="die@between steps", ranks=2).returncode != 0
    alone = record_of(run_trainer(config, more=("--resume",)))
    assert alone["error"]["code"] == "E_CHECKPOINT"
    assert "is of another training: number of ranks was 2 and is 1" in alone["error"]["message"]
    other = run_trainer(both | {"seed": 7}, ranks=2, more=("--resume",))
    assert other.returncode != 0
    refusal = record_of(other)["error"]
    assert refusal["code"] == "E_CHECKPOINT"
    assert "seed was 42 and is 7" in refusal["message"]


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({}, ("--resume",), '--resume: recipe "walkthrough" keeps no checkpoints to go on from'),
        ({"fast__checkpointEvery": 5}, (), 'fast.checkpointEvery: recipe "walkthrough" keeps no checkpoints'),
    ],
)
def test_the_walkthrough_refuses_checkpoints(
    changes: dict[str, Any],
    more: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    import json

    from running import signals_kept

    from trainer.cli import main

    path = tmp_path / "config.json"
    path.write_text(json.dumps(make_config("bundled", "bundled", **changes)))
    with signals_kept():
        assert main(["train", "--config", str(path), "--out", str(tmp_path / "out"), *more]) == 2
    assert words in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
