"""`python -m trainer`: see cli.py."""

import atexit
import os
import sys

from .cli import main


def leave(code: int) -> None:
    """End at once, without taking down what torch keeps in C++.

    After a group of processes over gloo has ended in order, torch 2.11 now and then aborts at the interpreter's end
    ("terminate called without an active exception": 5 of 60 processes of a script that only meets, adds and parts).
    Everything is written by then, and the exit code has to say how the run ended.
    """
    # Exit handlers still run: torch.compile's worker processes are ended by one.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        exit_code = main()
    except SystemExit as end:  # argparse's own way to refuse and to print its help
        exit_code = end.code if isinstance(end.code, int) else 1
    leave(exit_code)
