"""Files and folders that a reader sees whole or not at all, also after a crash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def write_text(path: Path, text: str) -> None:
    """Put `text` in `path` under a unique temporary name first, then rename it over what was there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write_text` of a JSON document; NaN and Infinity are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def replace_folder(path: Path, fill: Callable[[Path], None]) -> str:
    """Let `fill` write a new folder, add its manifest last, and put it in the place of `path`.

    Returns the digest of its files. Killed at any point, either the old folder or the new one is there; between the two
    renames the old one stands under `path` + ".old", and the next call puts it back.
    """
    recover_folder(path)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    old = _old(path)
    try:
        fill(temporary)
        sums = file_sums(temporary)
        digest = folder_digest(sums)
        for name in sums:
            _sync_file(temporary / name)
        write_json(temporary / MANIFEST, {"sha256": digest, "files": sums})
        os.chmod(temporary, 0o755)
        if path.exists():
            os.rename(path, old)
        os.rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        recover_folder(path)
        raise
    _sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)
    return digest


def recover_folder(path: Path) -> None:
    """Finish what a killed `replace_folder` left: the old folder back in place, or gone when the new one stands."""
    old = _old(path)
    if old.exists():
        if path.exists():
            shutil.rmtree(old)
        else:
            os.rename(old, path)


def file_sums(folder: Path) -> dict[str, str]:
    """sha256 of every file but the manifest, by its name relative to the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def folder_digest(sums: dict[str, str]) -> str:
    """sha256 of the lines `name sha256`, sorted by name, each ended by a newline."""
    lines = "".join(f"{name} {sums[name]}\n" for name in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()


def _old(path: Path) -> Path:
    return path.with_name(path.name + ".old")


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
