"""The folder of one checkpoint: its name among the others, and its files read with nothing taken on trust."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from .checkpoint_manifest import Damage, FileSum, Manifest, parse_manifest, sum_of
from .durable import MANIFEST


def step_name(step: int) -> str:
    """The folder's name: `step-00000042` for 42."""
    if step < 0:
        raise ValueError(f"step ({step}) must be at least 0")
    return f"step-{step:08d}"


def candidates(folder: Path) -> list[tuple[int, Path]]:
    """Step and folder of each checkpoint, the newest first; one that was being replaced comes after what replaces it."""
    found = []
    for path in folder.iterdir() if folder.exists() else ():
        name = path.name.removesuffix(".old")
        match = re.fullmatch("step-([0-9]{8,})", name)
        if match and name == step_name(int(match[1])):
            found.append((int(match[1]), path))
    return sorted(found, key=lambda candidate: (-candidate[0], candidate[1].name))


def looks_whole(folder: Path, step: int) -> bool:
    """Whether the manifest holds and each file has its size: to read all of it would cost every save too much."""
    try:
        files = read_manifest(folder, step).files
        return all((folder / name).lstat().st_size == wanted.num_bytes for name, wanted in files.items())
    except (Damage, OSError):
        return False


def read_manifest(folder: Path, step: int) -> Manifest:
    """The manifest of the checkpoint of `step` in `folder`, or Damage."""
    if folder.is_symlink():
        raise Damage("is a symbolic link, wanted a folder")
    if not folder.is_dir():
        raise Damage("is no folder")
    return parse_manifest(_read_plain(folder / MANIFEST), step=step)


def read_file(folder: Path, name: str, wanted: FileSum) -> bytes:
    """The content of one of its files, every byte checked, or Damage."""
    content = _read_plain(folder / name)
    if len(content) != wanted.num_bytes:
        raise Damage(f"{name} has {len(content)} bytes, wanted {wanted.num_bytes}")
    if sum_of(content) != wanted:
        raise Damage(f"{name} is not what was written: its sha256 is not the one in {MANIFEST}")
    return content


def _read_plain(path: Path) -> bytes:
    """The content of a plain file; a link could lead anywhere, and a pipe would never end."""
    try:
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind):
            raise Damage(f"{path.name} is {'a symbolic link' if stat.S_ISLNK(kind) else 'no plain file'}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Damage(f"{path.name} is missing") from error
    except OSError as error:
        raise Damage(f"{path.name} cannot be read ({error.strerror})") from error
