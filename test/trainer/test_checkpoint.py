"""Checkpoints: what goes in comes out, the newest two stay, and any damage is noticed and named."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import durable
from trainer.checkpoint import find_checkpoint, write_checkpoint
from trainer.checkpoint_manifest import Damage, Manifest, parse_manifest, render_manifest, sum_of
from trainer.errors import RocmarkError

FILES = ("manifest.json", "state.json", "tensors.safetensors")


def write(directory: Path, step: int, value: float = 0.0) -> Path:
    return write_checkpoint(
        directory, step=step, tensors={"a": torch.full((3,), value)}, state={"step": step}
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "checkpoints").iterdir() if path.name != ".lock")


def test_gives_back_tensors_and_state_as_they_were(tmp_path: Path) -> None:
    flat = torch.arange(12, dtype=torch.float32)
    tensors = {
        "view of flat": flat[:6].view(2, 3),
        "another view": flat[3:9],
        "transposed": torch.arange(6).view(2, 3).t(),
        "expanded": torch.ones(1, dtype=torch.float16).expand(4),
        "scalar": torch.tensor(3.0, dtype=torch.float64),
        "empty": torch.empty(0, 5),
        "bfloat16": torch.tensor([1.0, -0.0, float("nan"), float("inf")], dtype=torch.bfloat16),
        "trained": torch.nn.Parameter(torch.randn(2, generator=torch.Generator().manual_seed(1))),
        "generator": torch.Generator().manual_seed(5).get_state(),
    }
    state = {"loss": 0.1, "scale": 65536.0, "seen": [1, 2], "none": None, "text": "\N{MICRO SIGN} \ud800"}
    folder = write_checkpoint(tmp_path, step=42, tensors=tensors, state=state)
    assert folder == tmp_path / "checkpoints/step-00000042"
    assert sorted(os.listdir(folder)) == list(FILES)
    found = find_checkpoint(tmp_path)
    assert found is not None
    assert (found.step, found.folder, found.state, found.passed_over) == (42, folder, state, ())
    loaded = found.tensors()
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert (loaded[name].dtype, loaded[name].shape) == (tensor.dtype, tensor.shape), name
        assert loaded[name].contiguous().view(-1).view(torch.uint8).tolist() == (
            tensor.detach().contiguous().view(-1).view(torch.uint8).tolist()
        ), name


def test_a_checkpoint_of_no_tensors_is_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, step=0, tensors={}, state={})
    found = find_checkpoint(tmp_path)
    assert found is not None and (found.step, found.tensors(), found.state) == (0, {}, {})


def test_where_nothing_was_written_nothing_is_found(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path) is None
    (tmp_path / "checkpoints/.step-00000001.abc").mkdir(parents=True)
    (tmp_path / "checkpoints/step-1").mkdir()
    assert find_checkpoint(tmp_path) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_refuses_a_state_that_is_no_number_before_it_touches_the_disk(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_checkpoint(tmp_path, step=1, tensors={}, state={"loss": value})
    assert os.listdir(tmp_path) == []


def test_refuses_a_step_below_zero(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"step \(-1\) must be at least 0"):
        write(tmp_path, -1)


def test_the_newest_two_stay(tmp_path: Path) -> None:
    for step in (8, 9, 10, 100_000_000):
        write(tmp_path, step)
    assert names(tmp_path) == ["step-00000010", "step-100000000"]
    found = find_checkpoint(tmp_path)
    assert found is not None and found.step == 100_000_000


@pytest.mark.parametrize("in_one_step", [True, False])
def test_the_same_step_again_replaces_it(
    tmp_path: Path, in_one_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_one_step:
        monkeypatch.setattr(durable, "exchange", lambda one, other: False)
    for value in (1.0, 2.0):
        write(tmp_path, 4)
        write(tmp_path, 5, value)
    found = find_checkpoint(tmp_path)
    assert found is not None and found.tensors()["a"].tolist() == [2.0] * 3
    assert names(tmp_path) == ["step-00000004", "step-00000005"]


def test_a_damaged_one_does_not_count_as_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, 1)
    torn = write(tmp_path, 2) / "tensors.safetensors"
    torn.write_bytes(torn.read_bytes()[:-1])
    write(tmp_path, 3)
    assert names(tmp_path) == ["step-00000001", "step-00000003"]


def test_later_steps_are_left_to_whoever_starts_over(tmp_path: Path) -> None:
    for step in (8, 9, 2, 3, 4):
        write(tmp_path, step)
    assert names(tmp_path) == ["step-00000003", "step-00000004", "step-00000008", "step-00000009"]


# --- damage ---


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints 7 and 8: what is done to 8 must be noticed, and 7 found."""
    directory = tmp_path_factory.mktemp("pair")
    for step in (7, 8):
        write(directory, step, 0.5 * step)
    return directory


def noticed(directory: Path, damage: Callable[[], Any]) -> str:
    """What is said of checkpoint 8 after the damage; it is mended again."""
    folder, spare = directory / "checkpoints/step-00000008", directory / "spare"
    shutil.copytree(folder, spare)
    try:
        damage()
        found = find_checkpoint(directory)
    finally:
        durable.discard(folder)
        spare.rename(folder)
    assert found is not None and found.step == 7, "the damage was not noticed"
    (words,) = found.passed_over
    assert words.startswith(f"{folder}: ")
    return words.removeprefix(f"{folder}: ")


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(FILES), place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_byte_changed_is_noticed(pair: Path, name: str, place: float, flip: int) -> None:
    path = pair / "checkpoints/step-00000008" / name
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= flip
    assert name in noticed(pair, lambda: path.write_bytes(content))


def test_every_bit_of_the_manifest_counts(pair: Path) -> None:
    content = (pair / "checkpoints/step-00000008/manifest.json").read_bytes()
    wanted = parse_manifest(content, step=8).files
    for place in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            with contextlib.suppress(Damage):
                assert parse_manifest(bytes(changed), step=8).files != wanted, (place, bit)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(FILES), share=st.floats(0, 1, exclude_max=True))
def test_any_file_cut_short_is_noticed(pair: Path, name: str, share: float) -> None:
    path = pair / "checkpoints/step-00000008" / name
    content = path.read_bytes()
    assert name in noticed(pair, lambda: path.write_bytes(content[: int(share * len(content))]))


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_plain_file_is_refused(pair: Path, name: str, tmp_path: Path) -> None:
    path = pair / "checkpoints/step-00000008" / name
    same = tmp_path / "same"
    same.write_bytes(path.read_bytes())

    def instead(make: Callable[[], Any]) -> None:
        path.unlink()
        make()

    assert noticed(pair, lambda: instead(lambda: None)) == f"{name} is missing"
    assert noticed(pair, lambda: instead(lambda: path.symlink_to(same))) == f"{name} is a symbolic link"
    assert noticed(pair, lambda: instead(lambda: os.mkfifo(path))) == f"{name} is no plain file"
    assert noticed(pair, lambda: instead(path.mkdir)) == f"{name} is no plain file"


def test_a_folder_that_is_a_link_or_a_file_is_refused(pair: Path) -> None:
    folder = pair / "checkpoints/step-00000008"

    def link() -> None:
        shutil.rmtree(folder)
        folder.symlink_to(pair / "spare")

    def file() -> None:
        shutil.rmtree(folder)
        folder.write_text("")

    assert noticed(pair, link) == "is a symbolic link, wanted a folder"
    assert noticed(pair, file) == "is no folder"


def changed_manifest(change: Callable[[dict[str, Any]], Any]) -> bytes:
    value = json.loads(render_manifest(Manifest(8, {name: sum_of(b"") for name in FILES[1:]})))
    change(value)
    return (json.dumps(value, indent=2) + "\n").encode()


STRANGE: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (
        lambda value: value.update(schema=2, more="?"),
        "manifest.json has schema 2, newer than schema 1 that is known here: use the rocmark that wrote it",
    ),
    (lambda value: value.update(schema=True), "manifest.json is not as it was written"),
    (lambda value: value.update(more=1), "manifest.json is not as it was written"),
    (lambda value: value.update(step=9), "manifest.json is of step 9, wanted 8 as in the folder's name"),
    (lambda value: value.update(step=8.0), "manifest.json is not as it was written"),
    (lambda value: value.update(files=[]), "manifest.json names no files"),
    *[
        (
            lambda value, name=name: value["files"].update({name: value["files"]["state.json"]}),
            f'manifest.json names "{name}", wanted tensors.safetensors and state.json and nothing else',
        )
        for name in ("../state.json", "/etc/passwd", "a/../../b", "rank1.safetensors")
    ],
    (lambda value: value["files"].pop("state.json"), "manifest.json does not say what state.json must be"),
    (
        lambda value: value["files"]["state.json"].update(sha256="AB" * 32),
        f'manifest.json: sha256 of state.json: wanted 64 digits of 0 to f, found "{"AB" * 32}"',
    ),
    (
        lambda value: value["files"]["state.json"].update(bytes=True),
        "manifest.json: bytes of state.json: wanted a whole number of at least 0, found true",
    ),
]


@pytest.mark.parametrize(("change", "words"), STRANGE)
def test_a_manifest_that_is_none_of_ours_is_refused_by_name(
    pair: Path, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    path = pair / "checkpoints/step-00000008/manifest.json"
    assert noticed(pair, lambda: path.write_bytes(changed_manifest(change))) == words


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["schema", "step", "files", "sha256", "bytes", *FILES]), inner, max_size=4
        )
    ),
)


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=64) | json_like.map(lambda value: json.dumps(value).encode()))
def test_parsing_a_manifest_ends_in_damage_and_nothing_else(content: bytes) -> None:
    with pytest.raises(Damage):
        parse_manifest(content, step=1)


@given(step=st.integers(0, 10**12), contents=st.tuples(st.binary(), st.binary()))
def test_a_rendered_manifest_is_parsed_to_itself(step: int, contents: tuple[bytes, bytes]) -> None:
    manifest = Manifest(
        step, {name: sum_of(content) for name, content in zip(reversed(FILES[1:]), contents, strict=True)}
    )
    assert parse_manifest(render_manifest(manifest), step=step) == manifest


def test_deep_nesting_is_damage_too() -> None:
    with pytest.raises(Damage, match=r"manifest\.json is not JSON"):
        parse_manifest(b"[" * 100_000, step=1)


def test_when_all_are_damaged_each_is_named_with_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    first, second = write(tmp_path, 1), write(tmp_path, 2)
    (first / "state.json").unlink()
    (second / "manifest.json").write_text("{")
    with pytest.raises(RocmarkError) as caught:
        find_checkpoint(tmp_path)
    folder = tmp_path / "checkpoints"
    assert (caught.value.code, caught.value.exit_code) == ("E_CHECKPOINT", 2)
    assert caught.value.message == (
        f"--resume: wanted a whole checkpoint in {folder}, found only damaged ones. "
        f"{second}: manifest.json is not JSON; {first}: state.json is missing. "
        f"Start without --resume, or remove the folder {folder}."
    )


def test_damage_after_it_was_found_is_noticed_when_its_tensors_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, 1) / "tensors.safetensors"
    found = find_checkpoint(tmp_path)
    assert found is not None
    content = bytearray(path.read_bytes())
    content[random.Random(1).randrange(len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(RocmarkError, match="is not what was written") as caught:
        found.tensors()
    assert caught.value.code == "E_CHECKPOINT"
