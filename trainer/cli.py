"""`python -m trainer train|evaluate|generate|probe`: the only place that prints results and decides the exit code.

The last line on stdout is one JSON document; everything that a library prints goes to stderr. Exit codes: 0 fine,
1 failed, 2 refused or wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from .config import Config
from .errors import RocmarkError, StopRequested
from .parse import read_config
from .world import Place, World, check_size, find_place, join_world


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    options = make_parser().parse_args(arguments)
    output = take_stdout()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        if options.verb == "probe":
            return probe(output)
        config, given = read_config(options.config)
        place = find_place(os.environ)
        check_size(config, place)
        options.out.mkdir(parents=True, exist_ok=True)
    except RocmarkError as error:
        say(error)
        return error.exit_code
    except OSError as error:
        say(RocmarkError("E_OUT", f"--out {options.out}: cannot be made a folder ({error}).", refused=True))
        return 2
    except StopRequested as stop:
        print(f"rocmark: stopped by {stop.signal_name}", file=sys.stderr)
        return 1
    prepare_environment(config)
    return run_verb(options, config, given, place, output)


def make_parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="One LoRA fine-tune and its evaluation."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    words = {
        "train": "fine-tune an adapter, evaluate before and after, leave a record",
        "evaluate": "ask a model, or an adapter on it, all validation questions, leave a record",
        "generate": "let a model, or an adapter on it, answer a few questions in words",
    }
    for verb, text in words.items():
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument(
            "--config", type=Path, required=True, help="the run, as JSON (schema/config.schema.json)"
        )
        command.add_argument("--out", type=Path, required=True, help="folder for the record and the adapter")
        if verb != "train":
            command.add_argument(
                "--adapter", type=Path, help="an adapter in PEFT's format; without it, the base alone"
            )
        if verb == "generate":
            command.add_argument("--samples", type=int, default=5, help="questions to answer (default 5)")
            command.add_argument(
                "--new-tokens", type=int, default=200, help="longest answer in tokens (default 200)"
            )
    verbs.add_parser("probe", help="say what this machine and this environment are, as JSON")
    return parser


def take_stdout() -> int:
    """Keep stdout for the one line that it is for: every other writer, C libraries too, gets stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def prepare_environment(config: Config) -> None:
    """What must be set before torch and the hub's client are imported."""
    if config.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(config.threads)
    if all(
        name == "bundled" or Path(name).expanduser().is_dir()
        for name in (config.model.name, config.data.name)
    ):
        from .imports import go_offline

        go_offline()


def run_verb(options: Any, config: Config, given: dict[str, Any], place: Place, output: int) -> int:
    """Do what was asked; whatever happens, the first rank leaves a record."""
    from .progress import Progress
    from .record import Findings, build_record

    findings = Findings()
    error: RocmarkError | None = None
    result: Any = None
    with Progress(rank=place.rank) as progress:
        try:
            result = _attempt(options, config, place, findings, progress)
        except RocmarkError as failure:
            error = failure
    if error is not None and (place.is_first or error.code != "E_STOPPED"):
        say(error, rank=place.rank if place.size > 1 else None)
    if place.is_first:
        if result is None:
            from .durable import write_json

            result = build_record(config, given, findings, error)
            write_json(options.out / "record.json", result)
        write_line(output, result)
    return error.exit_code if error else 0


def _attempt(options: Any, config: Config, place: Place, findings: Any, progress: Any) -> Any:
    """The verb's own work, with every way to fail turned into one RocmarkError."""
    world: World | None = None
    try:
        from .run import import_everything, prepare_device, run_evaluate, run_generate, run_train

        import_everything(findings, progress)
        device = prepare_device(config, place, findings)
        with join_world(config, place, device) as world:
            shared = {"world": world, "device": device, "findings": findings, "progress": progress}
            if options.verb == "train":
                return run_train(config, directory=options.out, **shared)
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
        error = explain(cause)
        if world is not None:
            world.report_failure(error)
            error = (
                world.failure_elsewhere() or error if error.code in ("E_STOPPED", "E_LOST_RANK") else error
            )
        raise error from cause


def explain(cause: BaseException) -> RocmarkError:
    """A failure in the words of the record."""
    if isinstance(cause, RocmarkError):
        return cause
    if isinstance(cause, StopRequested):
        return RocmarkError(
            "E_STOPPED", f"stopped by {cause.signal_name}: by the launcher, a user or another rank's end."
        )
    text = f"{type(cause).__name__}: {cause}"
    if (
        type(cause).__name__ == "OutOfMemoryError"
        or "not enough memory" in text
        or isinstance(cause, MemoryError)
    ):
        return RocmarkError(
            "E_OUT_OF_MEMORY",
            f"out of memory: {text}. Try a smaller training.microBatch, evaluation.batch or training.maxLength, "
            "or gradientCheckpointing.",
            outcome="out-of-memory",
        )
    lowered = text.lower()
    if "timed out" in lowered or "timeout" in lowered:
        return RocmarkError(
            "E_WORLD_TIMEOUT", f"a rank did not answer in world.timeoutSeconds: {text}", outcome="timeout"
        )
    if "connection closed" in lowered or "connection reset" in lowered or "distbackenderror" in lowered:
        return RocmarkError("E_LOST_RANK", f"the connection to another rank was lost: {text}")
    traceback.print_exception(cause, file=sys.stderr)
    return RocmarkError("E_INTERNAL", f"unexpected {text}. The traceback is in the log.")


def probe(output: int) -> int:
    """Print what this environment is; 1 when a device computes wrongly."""
    from .facts import probe_facts

    found = probe_facts()
    write_line(output, found)
    return 0 if all(check["ok"] for check in found["checks"]) else 1


def write_line(output: int, value: Any) -> None:
    """The last line on stdout. Written whole, also when a pipe takes it in pieces."""
    line = (json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n").encode()
    while line:
        line = line[os.write(output, line) :]


def say(error: RocmarkError, *, rank: int | None = None) -> None:
    """One error on stderr."""
    who = "" if rank is None else f" rank {rank}"
    print(f"rocmark:{who} {error.code}: {error.message}", file=sys.stderr, flush=True)


def _stop(number: int, _: Any) -> None:
    raise StopRequested(signal.Signals(number).name)
