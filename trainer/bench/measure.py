"""Runs the arms one after the other, each in a fresh process, and keeps what each left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import run_module, say, tail
from .turns import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One run and what came of it."""

    run: Run
    record: dict[str, Any] | None
    """None when the process left none."""
    process_seconds: float
    cache_files: int
    """Files in its compile cache before it began: none is what a cold run must have."""
    problem: str | None
    """Why it is not counted, None for one that is."""


def measure_all(
    runs: Sequence[Run], configs: dict[str, dict[str, Any]], *, out: Path
) -> Iterator[list[Measured]]:
    """Every run, in order; what was measured so far, before the first and after each.

    One that fails is kept as such, and the others go on.
    """
    measured: list[Measured] = []
    yield measured
    for number, run in enumerate(runs, start=1):
        measured.append(
            measure(run, configs[run.name], out=out, label=f"{number} of {len(runs)}, {run.name}")
        )
        yield measured


def measure(run: Run, config: dict[str, Any], *, out: Path, label: str) -> Measured:
    """One run: its files lie under `out`/runs/NAME, its compile cache under `out`/cache."""
    folder = out / "runs" / run.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    cache = out / "cache" / (f"repeat-{run.repeat}" if run.arm == "fast" else run.arm)
    if run.cache == "cold":
        shutil.rmtree(cache, ignore_errors=True)
    files = sum(path.is_file() for path in cache.rglob("*"))
    say(f"{label}: starts")
    program = "trainer.bench.liger" if run.arm == "liger" else "trainer"
    inside = folder.relative_to(out)
    ended = run_module(
        [program, "train", "--config", str(inside / "config.json"), "--out", str(inside)],
        cwd=out,
        log=folder / "log",
        label=label,
        environment=cache_environment(cache),
    )
    record = ended.last_line if isinstance(ended.last_line, dict) else None
    problem = None
    if record is None:
        problem = f"ended with exit code {ended.exit_code} and no record:\n{tail(ended.log)}"
    elif record["outcome"] != "ok":
        problem = f"{record['outcome']}: {record['error']['message']}"
    if record is not None and record["adapter"] is not None:
        # Where the folder was on this machine is nobody's business.
        record["adapter"]["path"] = str(inside / "adapter")
    say(f"{label}: " + (f"took {ended.seconds:.1f} s" if problem is None else problem))
    return Measured(run=run, record=record, process_seconds=ended.seconds, cache_files=files, problem=problem)


def cache_environment(cache: Path) -> dict[str, str]:
    """Where torch.compile and Triton keep what they compiled: nowhere that another program fills or empties."""
    return {"TORCHINDUCTOR_CACHE_DIR": str(cache / "inductor"), "TRITON_CACHE_DIR": str(cache / "triton")}
