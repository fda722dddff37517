"""The record: what one run leaves, built once at its end, the same shape for every outcome."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .config import Config
from .errors import RocmarkError
from .need import Need
from .recorder import Steps


@dataclass(kw_only=True, slots=True)
class Findings:
    """What a run has found out so far. A run that fails reports as much as it had."""

    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    started: float = field(default_factory=time.perf_counter)
    phases: dict[str, float] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    transport: str | None = None
    device: str | None = None
    installed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By node: what the trainer found there."""
    memory: dict[str, float | None] = field(default_factory=dict)
    tuned: list[dict[str, Any]] | None = None
    untuned: list[dict[str, Any]] | None = None
    adapter: dict[str, Any] | None = None
    efficiency: dict[str, Any] | None = None
    """What `efficiency.measure` found; the record's block as it stands."""
    predicted_gib: float | None = None
    need: Need | None = None
    """What training needs of the memory, only while it trains: evaluation that lacks memory lacks it for other reasons."""
    compile_cache: str | None = None
    """See fast.compile_cache."""
    resumed_from: int | None = None
    """Optimizer steps that were done before this process."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase; one that fails counts as well."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0.0) + time.perf_counter() - begin


def build_record(
    config: Config, given: dict[str, Any], findings: Findings, error: RocmarkError | None
) -> dict[str, Any]:
    """The record of schema 1; `given` is the config as it came, in JSON."""
    return {
        "schema": 1,
        "id": config.run.id,
        "startedAt": findings.started_at.strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{findings.started_at.microsecond // 1000:03d}Z",
        "stack": config.run.stack,
        "experiment": config.run.experiment,
        "arm": config.run.arm,
        "scenario": config.run.scenario,
        "repeat": config.run.repeat,
        "outcome": error.outcome if error else "ok",
        "error": {"code": error.code, "message": error.message} if error else None,
        "config": given,
        "seed": config.seed,
        "fingerprints": merge_fingerprints(given["fingerprints"], findings.installed),
        "code": given["code"],
        "world": {
            "nodes": list(config.world.nodes),
            "ranks": config.world.ranks,
            "effectiveBatch": config.training.effective_batch,
            "transport": findings.transport,
            "device": findings.device,
        },
        "phases": {**findings.phases, "total": time.perf_counter() - findings.started},
        "steps": _steps(findings.steps),
        "memory": {
            "predictedGiB": findings.predicted_gib,
            "peakAllocatedGiB": findings.memory.get("peakAllocatedGiB"),
            "peakReservedGiB": findings.memory.get("peakReservedGiB"),
            "peakResidentGiB": findings.memory.get("peakResidentGiB"),
        },
        "evaluation": _evaluation(findings),
        "adapter": findings.adapter,
        "efficiency": findings.efficiency,
        "compileCache": findings.compile_cache,
        "resumedFrom": findings.resumed_from,
    }


def _steps(steps: Steps) -> dict[str, Any] | None:
    if not steps.seconds:
        return None
    return {
        "seconds": steps.seconds,
        "tokens": steps.tokens,
        "targetTokens": steps.target_tokens,
        "loss": steps.loss,
        "gradientNorm": steps.gradient_norm,
        "skipped": steps.skipped,
    }


def _evaluation(findings: Findings) -> dict[str, Any] | None:
    if findings.tuned is None and findings.untuned is None:
        return None
    return {"tuned": findings.tuned or [], "untuned": findings.untuned}


def merge_fingerprints(given: list[dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The fingerprints as given, with what the trainer itself found under `installed`; what it found wins.

    A node that came without one gets one whose digest is over what the trainer found.
    """
    merged = [
        {**fingerprint, "installed": {**fingerprint["installed"], **found.get(fingerprint["node"], {})}}
        for fingerprint in given
    ]
    known = {fingerprint["node"] for fingerprint in given}
    for node in found.keys() - known:
        text = json.dumps(found[node], sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        merged.append({"node": node, "digest": digest, "facts": {}, "installed": found[node]})
    return merged


def largest_memory(peaks: list[dict[str, float | None]]) -> dict[str, float | None]:
    """The peak of the rank that needed most, for each kind of memory; null where no rank knows it."""
    return {
        key: max((peak[key] for peak in peaks if peak.get(key) is not None), default=None)
        for key in {key for peak in peaks for key in peak}
    }


def check_scores(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refuse to record a score that is no number: it would be no JSON, and no answer."""
    for question in questions:
        if not all(map(math.isfinite, question["logProbabilities"])):
            raise RocmarkError(
                "E_DIVERGED",
                f"the log-probabilities of question {question['id']!r} are not finite: "
                f"{question['logProbabilities']}. Try precision bf16 or fp32.",
                outcome="diverged",
            )
    return questions
