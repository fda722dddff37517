"""One Python process after the other, its progress passed on and its last line read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the package `trainer`."""
SAY_EVERY_SECONDS = 10.0
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a process ended."""

    exit_code: int
    seconds: float
    """From its start to its end, as who waits for it sees it."""
    last_line: Any
    """JSON from the last line of its standard output; None when there is none."""
    log: Path


def run_module(
    words: Sequence[str], *, cwd: Path, log: Path, label: str, environment: Mapping[str, str] | None = None
) -> Ended:
    """`python -m` these words, in `cwd`, with standard error in `log` and its newest line on ours now and then."""
    settings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        # The arms differ in when they import the hub's client: it must ask the network in none of them.
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **(environment or {}),
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    with (log.parent / f"{log.stem}.out").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=cwd,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            _pass_on(process, log, label)
            exit_code = process.wait()
        except BaseException:
            end(process)
            raise
        seconds = time.perf_counter() - begin
        output.seek(0)
        return Ended(exit_code=exit_code, seconds=seconds, last_line=parse_last(output.read()), log=log)


def _pass_on(process: subprocess.Popen[str], log: Path, label: str) -> None:
    said = time.monotonic()
    with log.open("w", encoding="utf-8") as kept:
        for line in process.stderr or ():
            kept.write(line)
            kept.flush()
            if line.startswith("rocmark: ") and time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                say(f"{label}: {line.removeprefix('rocmark: ').rstrip()}")


def end(process: subprocess.Popen[str]) -> None:
    """Ask a process to end, and end it when it does not."""
    process.terminate()
    try:
        process.wait(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def parse_last(text: str) -> Any:
    """The JSON document on the last line, None where there is none."""
    lines = text.splitlines()
    try:
        return json.loads(lines[-1]) if lines else None
    except ValueError:
        return None


def say(text: str) -> None:
    """A line of progress on standard error."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def tail(log: Path, count: int = 5) -> str:
    """The last lines of a log, for an error."""
    return "\n".join(log.read_text(encoding="utf-8").splitlines()[-count:])
