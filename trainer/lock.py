"""One writer at a time in a folder, held by the kernel, so that a killed writer holds nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

LOCK = ".lock"

# What flock answers on file systems that have no locks, such as Lustre mounted without `flock`.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class Held(Exception):
    """Another process kept the lock for all the time that was waited for it."""


@contextlib.contextmanager
def only_writer(folder: Path, *, seconds: float) -> Iterator[bool]:
    """Hold the folder's lock, after waiting at most `seconds` for another process; Held when it does not let go.

    Yields False, and holds nothing, where the file system has no locks: then what lies there may be somebody's.
    A child forked meanwhile holds it too, as long as it lives.
    """
    # Open for writing: NFS gives an exclusive lock on nothing else. The file stays, since removing it would let two in.
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        yield _lock(handle, until=time.monotonic() + seconds)
    finally:
        os.close(handle)


def _lock(handle: int, *, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno in NO_LOCKS:
                return False
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        if time.monotonic() > until:
            raise Held
        time.sleep(0.05)
