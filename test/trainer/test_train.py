"""Whole runs, as a user starts them: what the record says, and that seeds and ranks mean what they should."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, Trainer, make_config, record_of

from trainer.durable import MANIFEST, file_sums, folder_digest

SCHEMA = json.loads((ROOT / "trainer/schema/record.schema.json").read_text())


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    return make_config(model_folder, data_folder)


@pytest.fixture(scope="module")
def alone(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One run that several tests look at: its record and its folder."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("alone")
    (folder / "config.json").write_text(json.dumps(config))
    command = [
        sys.executable,
        "-m",
        "trainer",
        "train",
        "--config",
        str(folder / "config.json"),
        "--out",
        str(folder),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return record_of(done), folder, done


def test_leaves_a_record_that_fits_the_schema(alone: Any, config: dict[str, Any]) -> None:
    record, folder, done = alone
    jsonschema.validate(record, SCHEMA)
    assert done.stdout.count("\n") == 1
    assert json.loads((folder / "record.json").read_text()) == record
    assert record["config"] == config
    assert record["outcome"] == "ok"
    assert record["world"] == {
        "nodes": ["node-0"], "ranks": 1, "effectiveBatch": 8, "transport": "none", "device": "cpu",
    }  # fmt: skip
    assert list(record["phases"]) == [
        "import", "load", "tokenise", "evaluateUntuned", "train", "save", "evaluate", "total",
    ]  # fmt: skip
    assert record["fingerprints"][0]["installed"].keys() > {"uv", "torch", "hip", "cuda", "peft", "python"}


def test_measures_every_step(alone: Any) -> None:
    record, _, _ = alone
    steps = record["steps"]
    # Twenty samples (ten, twice) in batches of eight: three steps, the last one filled up.
    assert {len(values) for values in steps.values()} == {3}
    assert all(
        tokens > targets > 0 for tokens, targets in zip(steps["tokens"], steps["targetTokens"], strict=True)
    )
    assert steps["skipped"] == [False] * 3
    assert sum(steps["seconds"]) <= record["phases"]["train"]


def test_asks_every_question_before_and_after(alone: Any) -> None:
    record, _, _ = alone
    for state in ("untuned", "tuned"):
        questions = record["evaluation"][state]
        assert [question["id"] for question in questions] == [f"q{index}" for index in range(10, 20)]
        for question in questions:
            best = max(question["logProbabilities"])
            assert question["logProbabilities"].index(best) == question["predicted"]
    assert record["evaluation"]["tuned"] != record["evaluation"]["untuned"]


def test_saves_the_adapter_with_its_digest(alone: Any) -> None:
    record, folder, _ = alone
    adapter = folder / "adapter"
    assert record["adapter"]["path"] == str(adapter)
    assert record["adapter"]["sha256"] == folder_digest(file_sums(adapter))
    assert sorted(path.name for path in adapter.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", MANIFEST,
    ]  # fmt: skip
    # rank 4, two layers: 4 x (64 + 64) for the queries, 4 x (64 + 32) for the values
    assert record["adapter"]["parameters"] == 2 * (4 * (64 + 64) + 4 * (64 + 32))


def test_two_ranks_train_as_one(alone: Any, config: dict[str, Any], run_trainer: Trainer) -> None:
    done = run_trainer(config | {"world": config["world"] | {"nodes": ["node-0", "node-1"]}}, ranks=2)
    assert done.returncode == 0, done.stderr
    together, one = record_of(done), alone[0]
    jsonschema.validate(together, SCHEMA)
    assert done.stdout.count("\n") == 1
    assert together["world"]["transport"] == "gloo"
    assert together["steps"]["tokens"] == one["steps"]["tokens"]
    assert together["steps"]["targetTokens"] == one["steps"]["targetTokens"]
    # Dropout is on: the masks belong to the micro-batch, not to the rank.
    assert together["steps"]["loss"] == pytest.approx(one["steps"]["loss"], abs=1e-4)
    assert together["steps"]["gradientNorm"] == pytest.approx(one["steps"]["gradientNorm"], rel=1e-3)
    assert together["evaluation"]["untuned"] == one["evaluation"]["untuned"]
    for mine, theirs in zip(together["evaluation"]["tuned"], one["evaluation"]["tuned"], strict=True):
        assert mine["logProbabilities"] == pytest.approx(theirs["logProbabilities"], abs=1e-3)
    assert [fingerprint["node"] for fingerprint in together["fingerprints"]] == ["node-0", "node-1"]


def test_the_same_seed_is_the_same_run_and_evaluate_finds_what_train_found(
    alone: Any, config: dict[str, Any], run_trainer: Trainer, tmp_path: Path
) -> None:
    record, _, _ = alone
    again = record_of(run_trainer(config))
    assert again["steps"]["loss"] == record["steps"]["loss"]
    assert again["adapter"]["sha256"] == record["adapter"]["sha256"]
    assert again["evaluation"] == record["evaluation"]

    adapter = tmp_path / "kept"
    shutil.copytree(tmp_path / "out/adapter", adapter)
    scored = record_of(run_trainer(config, verb="evaluate", more=("--adapter", str(adapter))))
    jsonschema.validate(scored, SCHEMA)
    assert scored["steps"] is None
    for mine, theirs in zip(scored["evaluation"]["tuned"], record["evaluation"]["tuned"], strict=True):
        assert mine["logProbabilities"] == pytest.approx(theirs["logProbabilities"], abs=1e-4)

    written = json.loads(
        run_trainer(config, verb="generate", more=("--samples", "2", "--new-tokens", "5")).stdout
    )
    assert [answer["id"] for answer in written] == ["q10", "q11"]
