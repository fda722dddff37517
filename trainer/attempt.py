"""One verb, tried: whatever happens, the first rank leaves a record and the exit code says how it ended."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from .config import Config
from .durable import write_json
from .errors import RocmarkError, StopRequested
from .need import Need
from .progress import Progress
from .record import Findings, build_record
from .stdout import say, write_line
from .world import Place, World, join_world


def run_verb(options: Any, config: Config, given: dict[str, Any], place: Place, output: int) -> int:
    """Do what was asked and print what came of it; the exit code is returned."""
    findings = Findings()
    error: RocmarkError | None = None
    result: Any = None
    with Progress(rank=place.rank) as progress:
        try:
            result = _attempt(options, config, place, findings, progress)
        except RocmarkError as failure:
            error = failure
        except StopRequested as stop:
            error = explain(stop)
        ignore_signals()
    if error is not None and (place.is_first or error.code != "E_STOPPED"):
        say(error, rank=place.rank if place.size > 1 else None)
    if place.is_first:
        if result is None:
            result = build_record(config, given, findings, error)
            try:
                write_json(options.out / "record.json", result)
            except OSError as failure:
                say(
                    RocmarkError(
                        "E_DISK", f"{options.out / 'record.json'}: not written ({failure}); it is on stdout."
                    )
                )
        write_line(output, result)
    return error.exit_code if error else 0


def _attempt(options: Any, config: Config, place: Place, findings: Findings, progress: Progress) -> Any:
    """The verb's own work, with every way to fail turned into one RocmarkError."""
    world: World | None = None
    try:
        from .answer import run_evaluate, run_generate
        from .prepare import import_everything, prepare_device
        from .tune import run_train

        import_everything(config, findings, progress)
        device = prepare_device(config, place, findings)
        with join_world(config, place, device) as world:
            shared = {"world": world, "device": device, "findings": findings, "progress": progress}
            if options.verb == "train":
                return run_train(config, directory=options.out, resume=options.resume, **shared)
            if options.verb == "evaluate":
                return run_evaluate(config, adapter=options.adapter, **shared)
            return run_generate(
                config,
                adapter=options.adapter,
                samples=options.samples,
                new_tokens=options.new_tokens,
                **shared,
            )
    except (Exception, StopRequested) as cause:
        ignore_signals()
        error = explain(cause, findings.need)
        if world is not None and error.code in ("E_STOPPED", "E_LOST_RANK"):
            # An echo of what happened elsewhere: what that rank said explains more.
            error = world.failure_elsewhere() or error
        elif world is not None:
            world.report_failure(error)
        raise error from cause


def ignore_signals() -> None:
    """From here on the run ends by itself, in a moment: a launcher that loses patience must not cost the record."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def explain(cause: BaseException, need: Need | None = None) -> RocmarkError:
    """A failure in the words of the record; `need` is what training was to need of the memory, if it was training."""
    if isinstance(cause, RocmarkError):
        return cause
    if isinstance(cause, StopRequested):
        return RocmarkError(
            "E_STOPPED", f"stopped by {cause.signal_name}, which the launcher or a user sent."
        )
    text = f"{type(cause).__name__}: {cause}"
    lowered = text.lower()
    if type(cause).__name__ in ("OutOfMemoryError", "MemoryError") or "not enough memory" in lowered:
        advice = (
            "Try a smaller training.microBatch (recipe fast: fast.samplesAtOnce), evaluation.batch or training.maxLength, "
            "or training.gradientCheckpointing."
        )
        if need is not None and type(cause).__name__ == "OutOfMemoryError":
            advice = f"Training's {need.hint()}"
        return RocmarkError("E_OUT_OF_MEMORY", f"out of memory: {text}. {advice}", outcome="out-of-memory")
    if any(words in lowered for words in ("timed out", "timeout")):
        return RocmarkError(
            "E_WORLD_TIMEOUT", f"a rank did not answer within world.timeoutSeconds: {text}", outcome="timeout"
        )
    if any(
        words in lowered
        for words in ("connection closed", "connection reset", "broken pipe", "remote process exited")
    ):
        return RocmarkError("E_LOST_RANK", f"the connection to another rank was lost: {text}")
    traceback.print_exception(cause, file=sys.stderr)
    if isinstance(cause, OSError):
        return RocmarkError("E_DISK", f"reading or writing failed: {text}")
    return RocmarkError("E_INTERNAL", f"unexpected {text}. The traceback is in the log.")


def prepare_environment(config: Config) -> None:
    """What must be set before torch and the hub's client are imported."""
    if config.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(config.threads)
    names = (config.model.name, config.data.name)
    if all(name == "bundled" or Path(name).expanduser().is_dir() for name in names):
        from .imports import go_offline

        go_offline()
