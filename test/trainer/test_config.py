"""The config: what is refused, in which words, and that the schema and the classes say the same."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from conftest import ROOT, make_config

from trainer.config import Config
from trainer.errors import RocmarkError
from trainer.parse import parse_config, read_config, to_camel
from trainer.world import Place, check_size, find_place

SCHEMA = json.loads((ROOT / "trainer/schema/config.schema.json").read_text())
GOOD = make_config("bundled", "bundled")

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"training__microbatch": 4}, r'training\.microbatch: unknown key; did you mean "microBatch"\?'),
    ({"zebra": 4}, r"zebra: unknown key; known here: schema, run, code"),
    ({"schema": 2}, r"schema: wanted 1, found 2\."),
    ({"schema": True}, r"schema: wanted 1, found true\."),
    ({"seed": "7"}, r'seed: wanted a whole number of at least 0 and at most 4294967295, found "7"\.'),
    ({"seed": -1}, r"seed: wanted a whole number of at least 0"),
    ({"training": []}, r"training: wanted an object, found \[\]\."),
    ({"training__epochs": 0}, r"training\.epochs: wanted a number above 0, found 0\."),
    (
        {"training__microBatch": 2.5},
        r"training\.microBatch: wanted a whole number of at least 1, found 2\.5\.",
    ),
    (
        {"training__microBatch": True},
        r"training\.microBatch: wanted a whole number of at least 1, found true\.",
    ),
    ({"training__learningRate": None}, r"training\.learningRate: wanted a number above 0, found null\."),
    (
        {"training__schedule": "step"},
        r'training\.schedule: wanted "cosine" or "linear" or "constant", found "step"\.',
    ),
    (
        {"training__maxSteps": 0},
        r"training\.maxSteps: wanted a whole number of at least 1 or null, found 0\.",
    ),
    (
        {"training__gradientCheckpointing": 1},
        r"training\.gradientCheckpointing: wanted true or false, found 1\.",
    ),
    ({"lora__dropout": 1.5}, r"lora\.dropout: wanted a number of at least 0 and at most 1, found 1\.5\."),
    ({"lora__targets": []}, r"lora\.targets: wanted a list that is not empty, found \[\]\."),
    ({"lora__targets": ["q_proj", 3]}, r"lora\.targets\[1\]: wanted a text that is not empty, found 3\."),
    ({"fingerprints": [{"node": "a"}]}, r"fingerprints\[0\]\.digest: missing\."),
    ({"run__id": "../../etc"}, r'run\.id: wanted a text like .*, found "\.\./\.\./etc"\.'),
    (
        {"training__effectiveBatch": 15},
        r"training\.effectiveBatch: wanted a multiple of training\.microBatch x ranks = 2 x 1 = 2, found 15; 14 or 16",
    ),
    ({"training__effectiveBatch": 8, "world__ranksPerNode": 3}, r"= 2 x 3 = 6, found 8; 6 or 12 would do"),
    ({"precision": "fp16"}, r'precision: "fp16" needs a GPU; on device "cpu" use "fp32" or "bf16"\.'),
    ({"world__transport": "nccl"}, r'world\.transport: "nccl" needs GPUs'),
    ({"world__nodes": ["a", "a"]}, r"world\.nodes: wanted each node once"),
]


@pytest.mark.parametrize(
    ("changes", "words"), REFUSED, ids=lambda value: next(iter(value)) if isinstance(value, dict) else ""
)
def test_names_the_key_what_was_wanted_and_what_was_found(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RocmarkError, match=words) as refusal:
        parse_config(make_config("bundled", "bundled", **changes), source="config.json")
    assert refusal.value.exit_code == 2
    assert refusal.value.message.startswith("config.json: ")


def test_says_every_problem_at_once() -> None:
    with pytest.raises(RocmarkError) as refusal:
        parse_config(make_config("bundled", "bundled", seed=-1, device="tpu", training__epochs=0), source="c")
    assert len(refusal.value.message.splitlines()) == 4


@pytest.mark.parametrize(
    "path", [(section,) for section in GOOD] + [("training", key) for key in GOOD["training"]]
)
def test_every_key_is_needed(path: tuple[str, ...]) -> None:
    config = copy.deepcopy(GOOD)
    place = config
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    with pytest.raises(RocmarkError, match=re.escape(f"{'.'.join(path)}: missing.")):
        parse_config(config, source="c")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, SCHEMA)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "wanted a JSON object"),
        ("[1]", "the config: wanted an object"),
        ('{"seed": NaN}', "NaN is no number"),
        ('{"seed": 1, "seed": 2}', 'the key "seed" is given twice'),
        ("[" * 100_000, "nested too deeply"),
        ("\xff", "wanted a JSON object"),
    ],
)
def test_refuses_a_file_that_is_no_config(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(RocmarkError, match=words):
        read_config(path)


def test_the_schema_takes_what_the_classes_take() -> None:
    jsonschema.validate(GOOD, SCHEMA)
    parse_config(GOOD, source="c")


def schema_keys(schema: dict[str, Any]) -> Any:
    """Names of an object's keys, all the way down; None for what is no object."""
    if "items" in schema:
        return schema_keys(schema["items"])
    if "properties" not in schema:
        return None
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    return {key: schema_keys(value) for key, value in schema["properties"].items()}


def class_keys(kind: Any) -> Any:
    """The same of a config class."""
    for arm in (kind, *get_args(kind)):
        if dataclasses.is_dataclass(arm):
            hints = get_type_hints(arm)
            return {to_camel(entry.name): class_keys(hints[entry.name]) for entry in dataclasses.fields(arm)}
    return None


def test_the_schema_and_the_classes_have_the_same_keys() -> None:
    assert schema_keys(SCHEMA) == class_keys(Config)


def test_refuses_another_number_of_processes_than_the_config_was_made_for() -> None:
    config = parse_config(make_config("bundled", "bundled", world__nodes=["a", "b"]), source="c")
    check_size(config, Place(rank=0, local_rank=0, size=2))
    with pytest.raises(
        RocmarkError, match=r"wanted 2 nodes x world\.ranksPerNode 1 = 2 processes, found WORLD_SIZE 1"
    ):
        check_size(config, find_place({}))


def test_a_wrong_config_ends_with_2_and_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    probe = "import sys; from trainer.cli import main; code = main(sys.argv[1:]); sys.exit(code + ('torch' in sys.modules))"
    command = [sys.executable, "-c", probe, "train", "--config", str(path), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "schema: missing." in done.stderr
    assert not (tmp_path / "out").exists()
