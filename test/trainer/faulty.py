"""The trainer with one fault in it: `faulty.py FAULT[@PLACE[@RANK]] VERB ...`. Run by tests, in a process or by torchrun."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

RANK = int(os.environ.get("RANK", "0"))


def chatter() -> None:
    print("a library says hello", flush=True)
    os.write(1, b"and so does a C library\n")
    os.system("echo and a child")


def fail() -> None:
    raise ValueError("the second step broke")


def lack_memory() -> None:
    import torch

    raise torch.OutOfMemoryError("tried to allocate 2.00 GiB")


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def die() -> None:
    # The others wait for this rank by then. Were they still computing, the launcher's signal might reach them before the
    # connection that breaks does.
    if "RANK" in os.environ:
        time.sleep(3)
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    time.sleep(600)


FAULTS = {function.__name__: function for function in (chatter, fail, lack_memory, stop, die, hang)}

PLACES = {
    "walkthrough": ("trainer.walkthrough", "micro_batch_seed", 6),
    "between steps": ("trainer.fast.session", "update", 4),
    "in a save": ("trainer.checkpoint", "write_bytes", 6),
    "in the profiler": ("trainer.efficiency.profile", "trace", 1),
}
"""Function that the fault happens in, and at which call of it. Of a save's three files the last one is the manifest."""


def main() -> int:
    """`FAULT[@PLACE[@RANK]]`: let it happen in that place, in the second micro-batch of the walkthrough when none is named,
    on that rank, on the last when none is named."""
    words, *arguments = sys.argv[1:]
    fault, place, rank = [*words.split("@"), "", ""][:3]
    import importlib

    from trainer.cli import main as run

    module_name, name, at = PLACES[place or "walkthrough"]
    module = importlib.import_module(module_name)
    original, calls = getattr(module, name), 0
    wanted = int(rank or int(os.environ.get("WORLD_SIZE", "1")) - 1)

    def faulty(*given: Any, **settings: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and wanted == RANK:
            FAULTS[fault]()
        return original(*given, **settings)

    setattr(module, name, faulty)
    return run(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
