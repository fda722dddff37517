"""Files that are whole or not there: killed at any point, what existed still exists."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from trainer.durable import (
    MANIFEST,
    exchange,
    file_sums,
    folder_digest,
    recover_folder,
    replace_folder,
    write_json,
)

SAVE = """
import os, signal, sys
from pathlib import Path
import trainer.durable as durable

calls = 0
def counted(function):
    def call(*arguments, **settings):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **settings)
    return call

for name in ("fsync", "rename", "replace", "chmod", "open", "unlink", "rmdir"):
    setattr(os, name, counted(getattr(os, name)))
durable.exchange = counted(durable.exchange if sys.argv[3] == "in one step" else lambda one, other: False)

def fill(folder):
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("new")

durable.replace_folder(Path(sys.argv[1]), fill)
"""


def fill_old(folder: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text("old")


@pytest.mark.parametrize("way", ["in one step", "in two"])
def test_killed_at_any_point_the_old_folder_or_the_new_one_is_there(tmp_path: Path, way: str) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    at_once = way == "in one step" and exchange(tmp_path / "one", tmp_path / "other")
    gone = 0
    for point in range(1, 100):
        folder = tmp_path / str(point) / "adapter"
        folder.parent.mkdir()
        replace_folder(folder, fill_old)
        command = [sys.executable, "-c", SAVE, str(folder), str(point), way]
        done = subprocess.run(command, cwd=ROOT, check=False)
        gone += not folder.exists()
        recover_folder(folder)
        texts = {(folder / name).read_text() for name in ("a.txt", "b.txt")}
        manifest = json.loads((folder / MANIFEST).read_text())
        assert texts in ({"old"}, {"new"})
        assert manifest == {"sha256": folder_digest(file_sums(folder)), "files": file_sums(folder)}
        if done.returncode == 0:
            assert texts == {"new"}
            assert [path.name for path in folder.parent.iterdir()] == ["adapter"]
            break
        assert done.returncode == -signal.SIGKILL
    assert point > 8
    # In one step the name never stands for nothing; in two it does between the renames.
    assert gone == (0 if at_once else 1)


def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip(f"the file system of {tmp_path} cannot exchange two names")
    assert (os.listdir(tmp_path / "a"), os.listdir(tmp_path / "b")) == (["b"], ["a"])
    with pytest.raises(FileNotFoundError, match="none"):
        exchange(tmp_path / "a", tmp_path / "none")


def test_a_failure_while_filling_leaves_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    replace_folder(folder, fill_old)

    def fail(place: Path) -> None:
        (place / "a.txt").write_text("new")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        replace_folder(folder, fail)
    assert (folder / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["adapter"]


def test_the_digest_is_over_sorted_names_and_sums(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("2")
    (tmp_path / "a").write_text("1")
    one, two = (hashlib.sha256(text.encode()).hexdigest() for text in "12")
    assert folder_digest(file_sums(tmp_path)) == hashlib.sha256(f"a {one}\nb {two}\n".encode()).hexdigest()


def test_never_writes_a_number_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"loss": 1.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"loss": 1.5}
    assert os.listdir(tmp_path) == ["record.json"]
