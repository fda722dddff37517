"""Files and folders that a reader sees whole or not at all, also after a crash."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

MANIFEST = "manifest.json"

# What renameat2 answers where the kernel (ENOSYS), the file system (EINVAL) or a sandbox (EPERM) has no exchange.
NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)

Result = TypeVar("Result")


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` in `path` under a unique temporary name first, then rename it over what was there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of a text in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """`write_text` of a JSON document; NaN and Infinity are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def replace_folder(path: Path, fill: Callable[[Path], None]) -> str:
    """`install_folder` of what `fill` writes with a manifest, added last. Returns the digest of its files."""

    def fill_and_list(place: Path) -> str:
        fill(place)
        sums = file_sums(place)
        digest = folder_digest(sums)
        for name in sums:
            _sync_file(place / name)
        write_json(place / MANIFEST, {"sha256": digest, "files": sums})
        return digest

    return install_folder(path, fill_and_list)


def install_folder(path: Path, fill: Callable[[Path], Result]) -> Result:
    """Let `fill` write a new folder, durably, and put it in the place of `path`. Returns what `fill` returns.

    Killed at any point, either the old folder or the new one is there. Where the file system cannot exchange two folders
    in one step, the old one stands under `path` + ".old" between two renames, and `recover_folder` puts it back.
    """
    recover_folder(path)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        result = fill(temporary)
        os.chmod(temporary, 0o755)
        if path.exists() and exchange(temporary, path):
            os.rename(temporary, old_name(path))
        else:
            if path.exists():
                os.rename(path, old_name(path))
            os.rename(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        discard(temporary)
        recover_folder(path)
        raise
    discard(old_name(path))
    return result


def recover_folder(path: Path) -> None:
    """Finish what a killed `install_folder` left: the old folder back in place, or gone when the new one stands."""
    old = old_name(path)
    if old.exists():
        if path.exists():
            discard(old)
        else:
            os.rename(old, path)


def discard(path: Path) -> None:
    """Remove a folder, or a file or link where a folder was thought to be; what resists stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False, and nothing done, where that is not to be had.

    Linux's renameat2(2) with RENAME_EXCHANGE: ext4, XFS, Btrfs, tmpfs and overlayfs have it, NFS has not.
    """
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    here, swap = -100, 2  # AT_FDCWD (paths as usual) and RENAME_EXCHANGE, from fcntl.h and linux/fs.h
    if renameat2(here, os.fsencode(one), here, os.fsencode(other), swap) == 0:
        return True
    number = ctypes.get_errno()
    if number in NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def old_name(path: Path) -> Path:
    """Where the old folder stands for a moment while `install_folder` replaces it in two steps."""
    return path.with_name(path.name + ".old")


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


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
