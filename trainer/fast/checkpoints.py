"""Checkpoints of the recipe `fast`: what is in one, when it is written, and how a training goes on from it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checkpoint import FOLDER, find_checkpoint, write_checkpoint
from ..checkpoint_folder import candidates
from ..errors import RocmarkError, refuse
from ..progress import Progress
from ..recorder import Steps
from ..world import World
from .identity import differences
from .modes import Modes
from .optimizer import State

TENSORS = ("parameters", "first_moment", "second_moment", "scale", "good_steps", "applied")
"""Of optimizer.State; its history is in the steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """Where a training stands after an optimizer step."""

    step: int
    """Optimizer steps done."""
    tensors: Mapping[str, Any]
    """On the CPU, by their names in optimizer.State."""
    steps: Steps
    """What was measured so far."""
    skips: int
    """Skipped steps in a row, up to this one."""
    seconds: float
    """Spent in the training loop so far, by every process that took part in it."""
    modes: Modes
    """Kept, so that passes and dropout's masks stay what they were whatever memory is free now."""


@dataclass(kw_only=True, slots=True)
class Checkpoints:
    """Writes where the training stands, every so many steps; the first rank alone does."""

    directory: Path
    every: int
    identity: dict[str, Any]
    modes: Modes
    is_first: bool

    def is_due(self, step: int, total: int) -> bool:
        """Whether one is written after `step` steps; not at the end, where the adapter itself is saved."""
        return step % self.every == 0 and step < total

    def write(self, step: int, state: State, steps: Steps, *, skips: int, seconds: float) -> None:
        """Write it, on the first rank; every rank has the same state."""
        if not self.is_first:
            return
        write_checkpoint(
            self.directory,
            step=step,
            tensors={name: getattr(state, name) for name in TENSORS},
            state={
                "identity": self.identity,
                "steps": dataclasses.asdict(steps),
                "skips": skips,
                "seconds": seconds,
                "modes": dataclasses.asdict(self.modes),
            },
        )


def refuse_leftovers(directory: Path) -> None:
    """Refuse to start over where checkpoints are: their owner may want them, and a later --resume would mix two runs."""
    there = candidates(directory / FOLDER)
    if there:
        raise refuse(
            "E_CHECKPOINT",
            f"--out {directory}: holds checkpoints of an earlier run, the newest of step {there[0][0]}. Go on from it with "
            f"--resume, or remove the folder {directory / FOLDER}, or give another --out.",
        )


def read_stand(
    directory: Path, *, identity: dict[str, Any], world: World, progress: Progress
) -> Stand | None:
    """Where the newest whole checkpoint stands, None where there is none. Collective: the first rank reads for all.

    A checkpoint of another training is refused, on every rank.
    """
    refusal, stand, known, passed_over = world.broadcast(
        _read(directory) if world.place.is_first else (None, None, {}, ())
    )
    if refusal is not None:
        raise refuse("E_CHECKPOINT", refusal)
    for damaged in passed_over:
        progress.note(f"--resume: passed over a damaged checkpoint: {damaged}")
    if stand is None:
        progress.note(f"--resume: no checkpoint in {directory / FOLDER}; training starts at its first step")
        return None
    changed = differences(known, identity)
    if changed:
        raise refuse(
            "E_CHECKPOINT",
            f"--resume: the checkpoint of step {stand.step} in {directory / FOLDER} is of another training: "
            f"{'; '.join(changed)}. Give the config and the model that it was made with, or start without --resume in "
            "another --out.",
        )
    return stand


def _read(directory: Path) -> tuple[str | None, Stand | None, dict[str, Any], tuple[str, ...]]:
    """(why it is refused, where it stands, its identity, what is damaged)."""
    try:
        found = find_checkpoint(directory)
        if found is None:
            return None, None, {}, ()
        state = found.state
        try:
            stand = Stand(
                step=found.step,
                tensors=found.tensors(),
                steps=Steps(**state["steps"]),
                skips=state["skips"],
                seconds=state["seconds"],
                modes=Modes(**state["modes"]),
            )
            return None, stand, state["identity"], found.passed_over
        except (KeyError, TypeError) as cause:
            told = (
                f"--resume: {found.folder} was not written by this version of the trainer ({cause}). Use the version that "
                "wrote it, or start without --resume in another --out."
            )
            return told, None, {}, ()
    except RocmarkError as error:
        return error.message, None, {}, ()


class Stopwatch:
    """Seconds in the training loop, those of earlier processes included."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._begin = time.perf_counter()

    def seconds(self) -> float:
        """So far."""
        return self._before + time.perf_counter() - self._begin
