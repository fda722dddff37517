"""The trainer with one fault in it: `faulty.py FAULT VERB ...`. Run by tests, in a process of its own or by torchrun."""

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
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    time.sleep(600)


FAULTS = {function.__name__: function for function in (chatter, fail, lack_memory, stop, die, hang)}


def main() -> int:
    """Let the fault happen in the second micro-batch, on the last rank."""
    fault, *arguments = sys.argv[1:]
    import trainer.walkthrough as walkthrough
    from trainer.cli import main as run

    seed, calls = walkthrough.micro_batch_seed, 0

    def faulty(**settings: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 6 and int(os.environ.get("WORLD_SIZE", "1")) - 1 == RANK:
            FAULTS[fault]()
        return seed(**settings)

    walkthrough.micro_batch_seed = faulty
    return run(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
