"""Checkpoints of a training that may be killed at any point: written whole, found only when whole.

`directory`/checkpoints/step-00000042/ holds tensors.safetensors, state.json and, written last, manifest.json, which says
what the other two must be. Names there that begin with a dot belong to a writer at work, or to one that was killed.
"""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoint_folder import candidates, looks_whole, read_file, read_manifest, step_name
from .checkpoint_manifest import (
    STATE,
    TENSORS,
    Damage,
    FileSum,
    Manifest,
    parse_object,
    render_manifest,
    sum_of,
)
from .durable import MANIFEST, discard, install_folder, recover_folder, sync_folder, write_bytes
from .errors import RocmarkError, refuse
from .lock import Held, only_writer

if TYPE_CHECKING:
    import torch

FOLDER = "checkpoints"

LOCK_SECONDS = 60.0
"""How long a save waits for another process that saves in the same folder; a save takes seconds."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found whole."""

    step: int
    """Optimizer steps done."""
    folder: Path
    """Where it lies."""
    state: dict[str, Any]
    """The state as JSON gives it back: a tuple is a list, a key is a text."""
    tensors_sum: FileSum
    """What the file of its tensors must be."""
    passed_over: tuple[str, ...] = ()
    """Newer checkpoints that are damaged: each one's folder and what is wrong with it."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Its tensors, on the CPU. The file is checked again: it may have changed since it was found."""
        from safetensors.torch import load

        try:
            return load(read_file(self.folder, TENSORS, self.tensors_sum))
        except Damage as damage:
            raise refuse(
                "E_CHECKPOINT",
                f"--resume: {self.folder}: {damage}, though it was whole when it was found. Run again with --resume: "
                "an older checkpoint is used if there is one.",
            ) from damage


def write_checkpoint(
    directory: Path, *, step: int, tensors: dict[str, torch.Tensor], state: dict[str, Any]
) -> Path:
    """Write the checkpoint of `step` (at least 0) and return its folder; the checkpoint before it stays, older ones go.

    Killed at any point, what was found before is still found, or the new one is. One process writes at a time.
    """
    # All is bytes before the disk is touched, so that a state JSON cannot hold (NaN) leaves nothing behind.
    files = {TENSORS: _tensor_bytes(tensors), STATE: _state_bytes(state)}
    sums = {name: sum_of(content) for name, content in files.items()}
    files[MANIFEST] = render_manifest(Manifest(step, sums))
    folder = directory / FOLDER

    def fill(place: Path) -> None:
        for name, content in files.items():
            write_bytes(place / name, content)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(directory)
        with only_writer(folder, seconds=LOCK_SECONDS) as alone:
            if alone:
                _clear_litter(folder)
            install_folder(folder / step_name(step), fill)
            _retire(folder, step)
    except Held as held:
        raise RocmarkError(
            "E_CHECKPOINT",
            f"checkpoint of step {step}: another process has been writing in {folder} for {LOCK_SECONDS:g} seconds. "
            "End it, or give this run another --out.",
        ) from held
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RocmarkError(
            "E_DISK",
            f"checkpoint of step {step}: no space left for it in {folder} ({error.strerror}). Checkpoints written before "
            "are whole: free some space, then go on with --resume.",
        ) from error
    return folder / step_name(step)


def find_checkpoint(directory: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, every byte checked; None when there is none at all.

    Newer ones that are damaged are named in `passed_over`. When all are, E_CHECKPOINT says what is wrong with each.
    """
    problems: list[str] = []
    for step, folder in candidates(directory / FOLDER):
        try:
            manifest = read_manifest(folder, step)
            contents = {name: read_file(folder, name, wanted) for name, wanted in manifest.files.items()}
            state = parse_object(contents[STATE], STATE)
        except Damage as damage:
            problems.append(f"{folder}: {damage}")
            continue
        return Checkpoint(step, folder, state, manifest.files[TENSORS], tuple(problems))
    if problems:
        raise refuse(
            "E_CHECKPOINT",
            f"--resume: wanted a whole checkpoint in {directory / FOLDER}, found only damaged ones. {'; '.join(problems)}. "
            f"Start without --resume, or remove the folder {directory / FOLDER}.",
        )
    return None


def _tensor_bytes(tensors: dict[str, torch.Tensor]) -> bytes:
    """The tensors in the safetensors format, which refuses two names on one storage: hence a copy of each."""
    import torch
    from safetensors.torch import save

    return save(
        {
            name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, tensor in tensors.items()
        }
    )


def _state_bytes(state: dict[str, Any]) -> bytes:
    return (json.dumps(state, indent=2, allow_nan=False) + "\n").encode()


def _clear_litter(folder: Path) -> None:
    """Remove what killed writers left. The lock is held, so that no writer that lives has anything here."""
    for path in list(folder.iterdir()):
        if re.fullmatch(r"\.step-[0-9]{8,}\..+", path.name):
            discard(path)
    for _, path in candidates(folder):
        recover_folder(path.with_name(path.name.removesuffix(".old")))


def _retire(folder: Path, step: int) -> None:
    """Keep of the earlier checkpoints the newest that looks whole, in case that of `step` is found damaged.

    Later ones stay: they are of a run that got further, and only who starts over can know that they are not wanted.
    """
    earlier = [(number, path) for number, path in candidates(folder) if number < step]
    kept = next((path for number, path in earlier if looks_whole(path, number)), None)
    for _, path in earlier:
        if path != kept:
            # Under a litter's name first: killed halfway, it is cleared and not found damaged.
            aside = folder / f".{path.name}.removed"
            discard(aside)
            os.rename(path, aside)
            discard(aside)
