"""The trainer inside this process: as a user's run, record and exit code included, without paying for its imports again."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from conftest import ROOT

from trainer.attempt import run_verb
from trainer.parse import parse_config
from trainer.world import Place

SCHEMA = json.loads((ROOT / "trainer/schema/record.schema.json").read_text())


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """A run ignores signals from its end on: that is for a process that ends, too."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def attempt(
    config: dict[str, Any], folder: Path, *, verb: str = "train", **options: Any
) -> tuple[int, dict[str, Any]]:
    """Exit code and record of one run with `folder` as its --out; the record is held against the schema."""
    settings = {"out": folder, "verb": verb, "resume": False, "adapter": None} | options
    parsed = parse_config(config, source="config.json")
    folder.mkdir(parents=True, exist_ok=True)
    with signals_kept(), tempfile.TemporaryFile() as output:
        code = run_verb(
            argparse.Namespace(**settings),
            parsed,
            config,
            Place(rank=0, local_rank=0, size=1),
            output.fileno(),
        )
        output.seek(0)
        record = json.loads(output.read())
    jsonschema.validate(record, SCHEMA)
    return code, record


def refused(done: tuple[int, dict[str, Any]], code: str, *words: str) -> None:
    """That a run ended as refused input should: exit code 2, outcome failed, and a message that says all of `words`."""
    exit_code, record = done
    assert (exit_code, record["outcome"], record["error"]["code"]) == (2, "failed", code), record["error"]
    for word in words:
        assert word in record["error"]["message"]
