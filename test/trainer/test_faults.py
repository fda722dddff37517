"""Runs that go wrong: each ends by itself, with a record and one message that says what happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, Trainer, make_config, record_of

SCHEMA = json.loads((ROOT / "trainer/schema/record.schema.json").read_text())


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    quiet = {"untuned": False, "tuned": False, "letters": False, "batch": 4}
    return make_config(model_folder, data_folder, evaluation=quiet)


def two_ranks(config: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    return config | {"world": config["world"] | {"nodes": ["node-0", "node-1"], "timeoutSeconds": seconds}}


def test_the_record_is_the_only_line_when_libraries_print(
    config: dict[str, Any], run_trainer: Trainer
) -> None:
    done = run_trainer(config, fault="chatter")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert record_of(done)["outcome"] == "ok"
    for words in ("a library says hello", "and so does a C library", "and a child"):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "words"),
    [
        ("fail", "failed", "E_INTERNAL", "unexpected ValueError: the second step broke"),
        ("lack_memory", "out-of-memory", "E_OUT_OF_MEMORY", "Try a smaller training.microBatch"),
        ("stop", "failed", "E_STOPPED", "stopped by SIGTERM"),
    ],
)
def test_a_failure_keeps_what_was_measured(
    config: dict[str, Any], run_trainer: Trainer, fault: str, outcome: str, code: str, words: str
) -> None:
    done = run_trainer(config, fault=fault)
    record = record_of(done)
    jsonschema.validate(record, SCHEMA)
    assert (done.returncode, record["outcome"], record["error"]["code"]) == (1, outcome, code)
    assert words in record["error"]["message"]
    assert words in done.stderr
    assert len(record["steps"]["loss"]) == 1
    assert record["adapter"] is None


@pytest.mark.parametrize(
    ("fault", "seconds", "outcome", "code", "words"),
    [
        ("fail", 60, "failed", "E_INTERNAL", "rank 1: unexpected ValueError: the second step broke"),
        ("die", 60, "failed", "E_LOST_RANK", "the connection to another rank was lost"),
        ("hang", 5, "timeout", "E_WORLD_TIMEOUT", "a rank did not answer within world.timeoutSeconds"),
    ],
)
def test_a_rank_that_fails_ends_the_run_and_is_named(
    config: dict[str, Any],
    run_trainer: Trainer,
    fault: str,
    seconds: float,
    outcome: str,
    code: str,
    words: str,
) -> None:
    done = run_trainer(two_ranks(config, seconds), ranks=2, fault=fault)
    record = record_of(done)
    jsonschema.validate(record, SCHEMA)
    assert done.returncode != 0
    assert (record["outcome"], record["error"]["code"]) == (outcome, code)
    assert words in record["error"]["message"]
    assert words in done.stderr


def test_a_loss_that_is_no_number_ends_the_run_as_diverged(
    config: dict[str, Any], run_trainer: Trainer
) -> None:
    done = run_trainer(config | {"training": config["training"] | {"learningRate": 3e37, "warmupRatio": 0.0}})
    record = record_of(done)
    jsonschema.validate(record, SCHEMA)
    assert (done.returncode, record["outcome"], record["error"]["code"]) == (1, "diverged", "E_DIVERGED")
    assert "training diverged at step 2 of 3" in record["error"]["message"]
    assert len(record["steps"]["loss"]) == 1


def refused(done: Any, code: str, words: str) -> None:
    record = record_of(done)
    jsonschema.validate(record, SCHEMA)
    assert (done.returncode, record["outcome"], record["error"]["code"]) == (2, "failed", code), done.stderr
    assert words in record["error"]["message"]


def test_refuses_a_model_that_is_none(config: dict[str, Any], run_trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    done = run_trainer(config | {"model": {"name": str(tmp_path), "revision": None}})
    refused(done, "E_MODEL", "*.safetensors, tokenizer.json or tokenizer_config.json missing")


def test_refuses_a_target_that_no_layer_has(config: dict[str, Any], run_trainer: Trainer) -> None:
    done = run_trainer(config | {"lora": config["lora"] | {"targets": ["q_proj", "query"]}})
    refused(
        done,
        "E_LORA_TARGET",
        "no linear layer of this model is named 'query'; found down_proj, gate_proj, k_proj",
    )
