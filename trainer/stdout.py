"""Stdout is for one line, the last; everything else that anything prints goes to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from .errors import RocmarkError


def take_stdout() -> int:
    """Keep stdout for that one line: every other writer in this process, C libraries too, gets stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def write_line(output: int, value: Any) -> None:
    """One JSON document on one line, written whole, also when a pipe takes it in pieces."""
    line = (json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n").encode()
    while line:
        line = line[os.write(output, line) :]


def say(error: RocmarkError, *, rank: int | None = None) -> None:
    """One error on stderr."""
    who = "" if rank is None else f" rank {rank}"
    print(f"rocmark:{who} {error.code}: {error.message}", file=sys.stderr, flush=True)
