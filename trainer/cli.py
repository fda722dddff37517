"""`python -m trainer train|evaluate|generate|plan|probe`: reads what was asked, and returns the exit code.

The last line on stdout is one JSON document. Exit codes: 0 fine, 1 failed, 2 refused or wrong use. Nothing here imports
torch, so that a wrong config is refused at once.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from .config import Config
from .errors import RocmarkError, StopRequested, refuse
from .parse import read_config
from .stdout import say, take_stdout, write_line
from .world import check_size, find_place

VERBS = {
    "train": "fine-tune an adapter, evaluate before and after, leave a record",
    "evaluate": "ask a model, or an adapter on it, all validation questions, leave a record",
    "generate": "let a model, or an adapter on it, answer a few questions in words",
}


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
        if options.verb == "plan":
            return plan(options, config, output)
        place = find_place(os.environ)
        check_size(config, place)
        if options.verb == "train" and options.resume:
            check_resume(config)
        make_folder(options.out)
        from .attempt import prepare_environment, run_verb

        prepare_environment(config)
        return run_verb(options, config, given, place, output)
    except RocmarkError as error:
        say(error)
        return error.exit_code
    except StopRequested as stop:
        print(f"rocmark: stopped by {stop.signal_name}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    """The verbs and their options."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="One LoRA fine-tune and its evaluation."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in VERBS.items():
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument(
            "--config", type=Path, required=True, help="the run, as JSON (schema/config.schema.json)"
        )
        command.add_argument("--out", type=Path, required=True, help="folder for the record and the adapter")
        if verb == "train":
            command.add_argument(
                "--resume",
                action="store_true",
                help="go on from the newest whole checkpoint in --out (recipe fast, see fast.checkpointEvery); without "
                "one, from the beginning",
            )
        else:
            command.add_argument(
                "--adapter", type=Path, help="an adapter in PEFT's format; without it, the base alone"
            )
        if verb == "generate":
            command.add_argument("--samples", type=_count, default=5, help="questions to answer (default 5)")
            command.add_argument(
                "--new-tokens", type=_count, default=200, help="longest answer in tokens (default 200)"
            )
    add_plan(verbs)
    verbs.add_parser("probe", help="say what this machine and this environment are, as JSON")
    return parser


def add_plan(verbs: Any) -> None:
    """The verb that starts nothing and needs no torch."""
    text = "predict the peak memory of a run, and say on which GPUs it fits, as JSON"
    command = verbs.add_parser("plan", help=text, description=text)
    command.add_argument(
        "--config", type=Path, required=True, help="the run, as JSON (schema/config.schema.json)"
    )
    command.add_argument(
        "--longest",
        type=_count,
        help="tokens of the longest sample (default: training.maxLength, an upper bound)",
    )
    command.add_argument(
        "--mean-length", type=_count, help="mean tokens of a sample (default: all as long as the longest)"
    )
    command.add_argument(
        "--target-share",
        type=_share,
        default=1.0,
        help="share of tokens that carry loss (default 1, an upper bound)",
    )


def plan(options: Any, config: Config, output: int) -> int:
    """Print what a run will need of which GPU."""
    from .memory.plan import plan_memory

    write_line(
        output,
        plan_memory(
            config,
            longest=options.longest,
            mean_length=options.mean_length,
            target_share=options.target_share,
        ),
    )
    return 0


def check_resume(config: Config) -> None:
    """Refuse to go on with the recipe `walkthrough`: its Trainer's own checkpoints know nothing of the planned order."""
    if config.recipe != "fast":
        raise refuse(
            "E_CONFIG",
            f'--resume: recipe "{config.recipe}" keeps no checkpoints to go on from. Leave it out, or use recipe "fast".',
        )


def make_folder(path: Path) -> None:
    """The folder that --out names, there and writable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refuse("E_OUT", f"--out {path}: wanted a folder that can be written to ({error}).") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise refuse("E_OUT", f"--out {path}: wanted a folder that can be written to, found one that cannot.")


def probe(output: int) -> int:
    """Print what this environment is; 1 when a device computes wrongly."""
    from .facts import probe_facts

    found = probe_facts()
    write_line(output, found)
    return 0 if all(check["ok"] for check in found["checks"]) else 1


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"wanted at least 1, found {number}")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"wanted more than 0 and at most 1, found {text}")
    return number


def _stop(number: int, _: Any) -> None:
    raise StopRequested(signal.Signals(number).name)
