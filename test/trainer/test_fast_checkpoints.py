"""A training of the recipe `fast` that is broken off and gone on with is the same training, to the bit; no other is taken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_config, question_row, write_rows
from running import attempt, refused

from trainer.checkpoint import FOLDER, find_checkpoint

QUIET = {"untuned": False, "tuned": False, "letters": False, "batch": 4}
EVERY = {"samplesAtOnce": 3, "attention": "auto", "compile": "auto", "graphs": "auto", "checkpointEvery": 2}


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    """Five steps with dropout, two passes each: checkpoints after two and four."""
    return make_config(
        model_folder, data_folder, recipe="fast", evaluation=QUIET, fast=EVERY, training__epochs=4,
        training__weightDecay=0.1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The record of a run in one piece, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    code, record = attempt(config, folder)
    assert code == 0, record["error"]
    return record, folder


def broken_off(whole: tuple[dict[str, Any], Path], folder: Path, step: int) -> Path:
    """A folder as a run leaves it that ended between the checkpoint of `step` and the next one."""
    kept = folder / FOLDER / f"step-{step:08d}"
    shutil.copytree(whole[1] / FOLDER / kept.name, kept)
    return folder


def same_training(one: dict[str, Any], other: dict[str, Any]) -> None:
    for key in ("loss", "gradientNorm", "tokens", "targetTokens", "skipped"):
        assert one["steps"][key] == other["steps"][key], key
    assert one["adapter"]["sha256"] == other["adapter"]["sha256"]


def test_checkpoints_lie_where_they_should_and_the_last_two_are_kept(whole: Any) -> None:
    record, folder = whole
    assert len(record["steps"]["loss"]) == 5
    assert sorted(path.name for path in (folder / FOLDER).iterdir() if path.name[0] != ".") == [
        "step-00000002", "step-00000004",
    ]  # fmt: skip
    assert record["resumedFrom"] is None


@pytest.mark.parametrize("step", [2, 4])
def test_goes_on_from_a_checkpoint_as_if_nothing_had_happened(
    config: dict[str, Any], whole: Any, tmp_path: Path, step: int
) -> None:
    code, record = attempt(config, broken_off(whole, tmp_path, step), resume=True)
    assert code == 0, record["error"]
    same_training(record, whole[0])
    assert record["resumedFrom"] == step
    # The first steps were timed by the process that took them, and their time counts.
    assert record["steps"]["seconds"][:step] == whole[0]["steps"]["seconds"][:step]
    assert record["phases"]["train"] > sum(record["steps"]["seconds"][:step])


def test_keeping_checkpoints_changes_nothing(config: dict[str, Any], whole: Any, tmp_path: Path) -> None:
    _, record = attempt(config | {"fast": EVERY | {"checkpointEvery": None}}, tmp_path)
    same_training(record, whole[0])
    assert not (tmp_path / FOLDER).exists()


def test_starts_at_the_beginning_where_there_is_no_checkpoint(
    config: dict[str, Any], whole: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, record = attempt(config, tmp_path, resume=True)
    same_training(record, whole[0])
    assert record["resumedFrom"] is None
    assert "--resume: no checkpoint in" in capfd.readouterr().err


def test_passes_over_a_damaged_checkpoint_and_says_so(
    config: dict[str, Any], whole: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken_off(whole, tmp_path, 2)
    broken_off(whole, tmp_path, 4)
    (tmp_path / FOLDER / "step-00000004" / "tensors.safetensors").write_bytes(b"x")
    _, record = attempt(config, tmp_path, resume=True)
    same_training(record, whole[0])
    assert record["resumedFrom"] == 2
    assert "passed over a damaged checkpoint" in capfd.readouterr().err


def test_refuses_when_every_checkpoint_is_damaged(config: dict[str, Any], whole: Any, tmp_path: Path) -> None:
    broken_off(whole, tmp_path, 4)
    (tmp_path / FOLDER / "step-00000004" / "state.json").write_bytes(b"{}")
    refused(attempt(config, tmp_path, resume=True), "E_CHECKPOINT", "found only damaged ones", "state.json")


def test_refuses_another_config_and_names_what_differs(
    config: dict[str, Any], whole: Any, tmp_path: Path
) -> None:
    other = config | {"training": config["training"] | {"learningRate": 0.02}, "seed": 43}
    refused(
        attempt(other, broken_off(whole, tmp_path, 2), resume=True),
        "E_CHECKPOINT",
        "the checkpoint of step 2",
        "is of another training: seed was 42 and is 43; the samples and their order changed; "
        "training.learningRate was 0.01 and is 0.02",
    )
    # What was there is there still.
    found = find_checkpoint(tmp_path)
    assert found is not None and found.step == 2


def test_refuses_another_model_of_the_same_name(
    config: dict[str, Any], whole: Any, model_folder: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    path = model_folder / "model.safetensors"
    before = path.read_bytes()
    weights = load_file(path)
    name = "model.layers.1.mlp.up_proj.weight"
    weights[name][[0, 1]] = weights[name][[1, 0]]
    try:
        save_file(weights, path, metadata={"format": "pt"})
        done = attempt(config, broken_off(whole, tmp_path, 2), resume=True)
    finally:
        path.write_bytes(before)
    refused(done, "E_CHECKPOINT", "is of another training: the model's weights changed")


def test_refuses_other_samples_of_the_same_name(
    config: dict[str, Any], whole: Any, tmp_path: Path, data_folder: Path
) -> None:
    before = (data_folder / "train.jsonl").read_bytes()
    try:
        write_rows(data_folder, "train", [question_row(index, cop=0) for index in range(10)])
        done = attempt(config, broken_off(whole, tmp_path, 2), resume=True)
    finally:
        (data_folder / "train.jsonl").write_bytes(before)
    refused(done, "E_CHECKPOINT", "is of another training: the samples and their order changed")


def test_refuses_another_world(config: dict[str, Any], whole: Any, tmp_path: Path) -> None:
    folder = broken_off(whole, tmp_path, 2)
    path = folder / FOLDER / "step-00000002" / "state.json"
    rewrite(path, lambda state: state["identity"].update({"number of ranks": 2}))
    refused(
        attempt(config, folder, resume=True),
        "E_CHECKPOINT",
        "is of another training: number of ranks was 2 and is 1",
    )


def test_refuses_a_checkpoint_of_another_version(config: dict[str, Any], whole: Any, tmp_path: Path) -> None:
    folder = broken_off(whole, tmp_path, 2)
    path = folder / FOLDER / "step-00000002" / "state.json"
    rewrite(path, lambda state: state.pop("modes"))
    refused(attempt(config, folder, resume=True), "E_CHECKPOINT", "was not written by this version", "modes")


def rewrite(path: Path, change: Any) -> None:
    """Another state in a checkpoint whose manifest agrees with it."""
    from trainer.checkpoint_manifest import FileSum, Manifest, parse_manifest, render_manifest, sum_of

    manifest = path.with_name("manifest.json")
    state = json.loads(path.read_text())
    change(state)
    content = json.dumps(state).encode()
    before = parse_manifest(manifest.read_bytes(), step=2)
    files: dict[str, FileSum] = before.files | {"state.json": sum_of(content)}
    path.write_bytes(content)
    manifest.write_bytes(render_manifest(Manifest(2, files)))


def test_does_not_start_over_where_checkpoints_are(
    config: dict[str, Any], whole: Any, tmp_path: Path
) -> None:
    folder = broken_off(whole, tmp_path, 2)
    refused(
        attempt(config, folder),
        "E_CHECKPOINT",
        "holds checkpoints of an earlier run, the newest of step 2. Go on from it with --resume",
    )


def test_settings_that_change_no_number_may_change(
    config: dict[str, Any], whole: Any, tmp_path: Path
) -> None:
    other = config | {
        "run": config["run"] | {"id": "20261125T000000-00000000"},
        "fast": config["fast"] | {"checkpointEvery": 1},
        "evaluation": config["evaluation"] | {"batch": 2},
        "world": config["world"] | {"nodes": ["node-7"], "timeoutSeconds": 7},
    }
    code, record = attempt(other, broken_off(whole, tmp_path, 2), resume=True)
    assert code == 0, record["error"]
    same_training(record, whole[0])


def test_the_state_of_the_loss_scale_is_in_a_checkpoint(whole: Any) -> None:
    found = find_checkpoint(whole[1])
    assert found is not None
    tensors = found.tensors()
    assert tensors["scale"].item() == 1.0
    assert tensors["applied"].item() == 4
    assert tensors["good_steps"].dtype == torch.int64
    assert tensors["parameters"].shape == tensors["first_moment"].shape == tensors["second_moment"].shape
