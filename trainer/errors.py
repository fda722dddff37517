"""The one error the trainer raises on purpose, and how an outcome and an exit code follow from it."""

from __future__ import annotations


class RocmarkError(Exception):
    """Something the user can act on: what was wanted, what was found, what next.

    `outcome` is what the record says; `refused` means that the input was wrong (exit code 2) and not the run (1).
    """

    def __init__(self, code: str, message: str, *, outcome: str = "failed", refused: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.outcome = outcome
        self.refused = refused

    @property
    def exit_code(self) -> int:
        """2 for input that was refused, 1 for a run that failed."""
        return 2 if self.refused else 1


class StopRequested(BaseException):
    """A signal asked this process to end. Not an Exception, so that no library swallows it."""

    def __init__(self, signal_name: str) -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name


def refuse(code: str, message: str) -> RocmarkError:
    """An error about what was given, not about what happened: exit code 2."""
    return RocmarkError(code, message, refused=True)
