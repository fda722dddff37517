"""Checkpoints under SIGKILL, a full disk and two writers. Children are forked here, where torch is imported already."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import itertools
import os
import random
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch

from trainer import checkpoint, durable
from trainer.checkpoint import Checkpoint, find_checkpoint, write_checkpoint
from trainer.errors import RocmarkError

KILLS = 200
SKIPPED = 77


def content(step: int, edition: int = 0) -> dict[str, Any]:
    """What the checkpoint of a step must hold; a second edition of a step is told apart."""
    tensors = {"weight": torch.full((64, 16), float(step)), "moment": torch.arange(step, step + 1000)}
    return {"tensors": tensors, "state": {"step": step, "edition": edition}}


def found_whole(directory: Path) -> Checkpoint:
    """The checkpoint that is found, with nothing passed over and what its step must hold."""
    found = find_checkpoint(directory)
    assert found is not None
    assert found.passed_over == ()
    tensors = found.tensors()
    wanted = content(found.step)["tensors"]
    assert tensors.keys() == wanted.keys()
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)
    assert found.state["step"] == found.step
    return found


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "checkpoints").iterdir() if path.name != ".lock")


def litter(directory: Path) -> list[str]:
    return [name for name in names(directory) if name.startswith(".") or name.endswith(".old")]


@contextlib.contextmanager
def forked(work: Callable[[int], Any]) -> Iterator[tuple[int, int]]:
    """A child that does `work(pipe)`: its process id and the pipe's other end. It is gone at the end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        run_and_exit(work, writing)
    os.close(writing)
    try:
        yield child, reading
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def run_and_exit(work: Callable[[int], Any], pipe: int) -> NoReturn:
    code = 1
    try:
        code = work(pipe) or 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def exit_of(child: int) -> int:
    """The exit code, or minus the signal's number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read_some(pipe: int) -> bytes:
    assert select.select([pipe], [], [], 60)[0], "the child said nothing for a minute"
    return os.read(pipe, 65536)


def save_on_and_on(directory: Path, first: int) -> Callable[[int], None]:
    """Write every step twice, the second time over the first, and say when a save begins and ends."""

    def work(pipe: int) -> None:
        for step in itertools.count(first):
            for edition in (0, 1):
                os.write(pipe, f"begin {step}\n".encode())
                write_checkpoint(directory, step=step, **content(step, edition))
                os.write(pipe, f"done {step}\n".encode())

    return work


def kill_while_saving(directory: Path, first: int, seconds: float) -> list[list[str]]:
    """What a child said that was killed so long after its first save began: [["begin", "5"], ["done", "5"], ...]."""
    with forked(save_on_and_on(directory, first)) as (child, pipe):
        said = read_some(pipe)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert exit_of(child) == -signal.SIGKILL
        while more := read_some(pipe):
            said += more
    return [line.split() for line in said.decode().splitlines()]


def test_killed_at_random_the_last_complete_step_or_a_later_one_is_found(tmp_path: Path) -> None:
    draw = random.Random(20261124)
    start = time.monotonic()
    for step in range(1, 9):
        write_checkpoint(tmp_path, step=step, **content(step))
    spread = 1.5 * (time.monotonic() - start) / 8
    inside = littered = 0
    step = 8
    for _ in range(KILLS):
        said = kill_while_saving(tmp_path, step + 1, draw.uniform(0, spread))
        inside += said[-1][0] == "begin"
        complete = max([int(number) for word, number in said if word == "done"], default=step)
        found = found_whole(tmp_path)
        assert complete <= found.step <= int(said[-1][1])
        littered += bool(litter(tmp_path))
        # A writer goes on where the killed one stopped; three times in four it is the next child.
        step = found.step
        if draw.random() < 0.25:
            step += 1
            write_checkpoint(tmp_path, step=step, **content(step))
            assert names(tmp_path) == [f"step-{number:08d}" for number in (step - 1, step)]
    print(
        f"{KILLS} kills, {inside} inside a save, {littered} left litter, {step} steps, spread {spread:.3f} s"
    )
    assert inside > 0.7 * KILLS
    assert littered > 0.2 * KILLS


# Every call by which a save changes the disk.
CALLS = ("open", "mkdir", "fsync", "chmod", "rename", "replace", "unlink", "rmdir")


def at_call(number: int, act: Callable[[], Any]) -> Callable[[Any], Any]:
    """A wrapper for functions that together are called `number` - 1 times; before the next call, `act` is done once."""
    count = itertools.count(1)

    def wrap(function: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            if next(count) == number:
                act()
            return function(*arguments, **named)

        return counted

    return wrap


@pytest.mark.parametrize(
    ("step", "in_one_step"), [(3, True), (2, True), (2, False)], ids=["new", "again", "again in two renames"]
)
def test_killed_before_any_call_the_old_one_or_the_new_one_is_found(
    tmp_path: Path, step: int, in_one_step: bool
) -> None:
    editions, littered = [], 0
    for point in itertools.count(1):
        directory = tmp_path / str(point)
        for before in (1, 2):
            write_checkpoint(directory, step=before, **content(before))

        def work(pipe: int, directory: Path = directory, point: int = point) -> None:
            wrap = at_call(point, lambda: os.kill(os.getpid(), signal.SIGKILL))
            for name in CALLS:
                setattr(os, name, wrap(getattr(os, name)))
            durable.exchange = wrap(durable.exchange if in_one_step else lambda one, other: False)
            write_checkpoint(directory, step=step, **content(step, edition=1))

        with forked(work) as (child, _):
            code = exit_of(child)
        found = found_whole(directory)
        editions.append(found.state["edition"])
        assert (found.step, editions[-1]) in ((2, 0), (step, 1))
        littered += bool(litter(directory))
        write_checkpoint(directory, step=found.step + 1, **content(found.step + 1))
        assert names(directory) == [f"step-{number:08d}" for number in (found.step, found.step + 1)]
        if code == 0:
            break
        assert code == -signal.SIGKILL
    print(f"{point - 1} points, {littered} left litter")
    assert editions == sorted(editions), "once the new one is found, the old one is never found again"
    assert editions[0] == 0 and editions[-1] == 1
    assert point > 25 and littered > 15


def test_a_disk_that_fills_up_at_any_call_is_one_error_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for point in itertools.count(1):
        directory = tmp_path / str(point)
        for before in (1, 2):
            write_checkpoint(directory, step=before, **content(before))
        with monkeypatch.context() as patch:
            wrap = at_call(point, full)
            for module, name in [
                *((os, name) for name in ("fsync", "rename", "replace")),
                *((tempfile, name) for name in ("mkstemp", "mkdtemp")),
            ]:
                patch.setattr(module, name, wrap(getattr(module, name)))
            try:
                write_checkpoint(directory, step=3, **content(3))
                break
            except RocmarkError as error:
                assert (error.code, error.exit_code) == ("E_DISK", 1)
                assert error.message == (
                    f"checkpoint of step 3: no space left for it in {directory / 'checkpoints'} (No space left on device). "
                    "Checkpoints written before are whole: free some space, then go on with --resume."
                )
        assert found_whole(directory).step in (2, 3)
        assert litter(directory) == []
    assert point > 10


def mount_small_disk(place: Path) -> None:
    """A file system of 256 KiB that only this process sees, also without root where user namespaces are allowed."""
    CLONE_NEWNS, CLONE_NEWUSER, MS_REC, MS_PRIVATE = 0x20000, 0x10000000, 0x4000, 0x40000
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: Any) -> None:
        if getattr(libc, name)(*arguments):
            raise PermissionError(f"{name}: {os.strerror(ctypes.get_errno())}")

    user, group = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWNS | (CLONE_NEWUSER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"none", os.fsencode(place), b"tmpfs", 0, b"size=256k")


def test_on_a_disk_that_is_full_the_previous_checkpoint_stays(tmp_path: Path) -> None:
    def work(pipe: int) -> int:
        try:
            mount_small_disk(tmp_path)
        except OSError as error:
            os.write(pipe, str(error).encode())
            return SKIPPED
        write_checkpoint(tmp_path, step=1, **content(1))
        with pytest.raises(RocmarkError) as caught:
            write_checkpoint(tmp_path, step=2, tensors={"a": torch.ones(100_000)}, state={})
        assert caught.value.code == "E_DISK"
        assert found_whole(tmp_path).step == 1
        assert names(tmp_path) == ["step-00000001"]
        write_checkpoint(tmp_path, step=2, **content(2))
        assert found_whole(tmp_path).step == 2
        return 0

    with forked(work) as (child, pipe):
        code = exit_of(child)
        if code == SKIPPED:
            pytest.skip(f"cannot mount a file system here: {read_some(pipe).decode()}")
    assert code == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_writer_has_begun_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(tmp_path, step=1, **content(1))
    waiting, go_on = os.pipe()

    def work(pipe: int) -> None:
        def pause() -> None:
            os.write(pipe, b"in the middle")
            os.read(waiting, 1)

        os.replace = at_call(2, pause)(os.replace)
        write_checkpoint(tmp_path, step=2, **content(2))

    with forked(work) as (child, pipe):
        assert read_some(pipe) == b"in the middle"
        (begun,) = litter(tmp_path)
        monkeypatch.setattr(checkpoint, "LOCK_SECONDS", 0.2)
        with pytest.raises(
            RocmarkError, match=r"another process has been writing in .* for 0\.2 seconds"
        ) as caught:
            write_checkpoint(tmp_path, step=2, **content(2))
        assert (caught.value.code, caught.value.exit_code) == ("E_CHECKPOINT", 1)
        assert litter(tmp_path) == [begun]
        assert found_whole(tmp_path).step == 1
        os.write(go_on, b".")
        assert exit_of(child) == 0
    os.close(waiting)
    os.close(go_on)
    assert found_whole(tmp_path).step == 2
    assert names(tmp_path) == ["step-00000001", "step-00000002"]


def test_two_writers_at_once_take_turns(tmp_path: Path) -> None:
    def work(pipe: int) -> None:
        for step in range(1, 11):
            write_checkpoint(tmp_path, step=step, **content(step))

    with forked(work) as (one, _), forked(work) as (other, _):
        assert (exit_of(one), exit_of(other)) == (0, 0)
    assert found_whole(tmp_path).step == 10
    assert litter(tmp_path) == []


def test_without_locks_it_writes_and_clears_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    write_checkpoint(tmp_path, step=1, **content(1))
    somebodys = tmp_path / "checkpoints/.step-00000002.abc"
    somebodys.mkdir()
    write_checkpoint(tmp_path, step=2, **content(2))
    assert found_whole(tmp_path).step == 2
    assert litter(tmp_path) == [somebodys.name]


def test_clears_only_what_is_its_own(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, step=1, **content(1))
    folder = tmp_path / "checkpoints"
    (folder / ".step-00000009.abc").mkdir()
    (folder / ".step-00000001.removed").symlink_to(tmp_path)
    for name in (".notes", "step-final"):
        (folder / name).mkdir()
    write_checkpoint(tmp_path, step=2, **content(2))
    assert names(tmp_path) == [".notes", "step-00000001", "step-00000002", "step-final"]
