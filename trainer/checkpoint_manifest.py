"""The manifest of a checkpoint: what its files must be. Text to value and back, pure."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

SCHEMA = 1
TENSORS = "tensors.safetensors"
STATE = "state.json"


class Damage(Exception):
    """What is wrong with a checkpoint, in words that follow its folder's name."""


@dataclass(frozen=True)
class FileSum:
    """What one file must be."""

    sha256: str
    num_bytes: int


@dataclass(frozen=True)
class Manifest:
    """A checkpoint's step and what its two files must be, by their names."""

    step: int
    files: dict[str, FileSum]


def sum_of(content: bytes) -> FileSum:
    """What a file with this content is."""
    return FileSum(hashlib.sha256(content).hexdigest(), len(content))


def render_manifest(manifest: Manifest) -> bytes:
    """The one text of a manifest."""
    files = {name: {"sha256": file.sha256, "bytes": file.num_bytes} for name, file in manifest.files.items()}
    return (json.dumps({"schema": SCHEMA, "step": manifest.step, "files": files}, indent=2) + "\n").encode()


def parse_manifest(content: bytes, *, step: int) -> Manifest:
    """The manifest of the checkpoint of `step`, or Damage.

    Nothing vouches for a manifest but itself: it must be, to the byte, what `render_manifest` makes of its values. So a
    flipped byte shows here, or else in the sum or size that it changed.
    """
    value = parse_object(content, "manifest.json")
    schema = value.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise Damage(
            f"manifest.json has schema {schema}, newer than schema {SCHEMA} that is known here: use the rocmark that wrote it"
        )
    if value.get("step") != step:
        raise Damage(
            f"manifest.json is of step {_show(value.get('step'))}, wanted {step} as in the folder's name"
        )
    files = value.get("files")
    if not isinstance(files, dict):
        raise Damage("manifest.json names no files")
    for name in sorted(files.keys() - {TENSORS, STATE}):
        raise Damage(f"manifest.json names {_show(name)}, wanted {TENSORS} and {STATE} and nothing else")
    manifest = Manifest(step, {name: _parse_file(files.get(name), name) for name in (TENSORS, STATE)})
    if render_manifest(manifest) != content:
        raise Damage("manifest.json is not as it was written")
    return manifest


def _parse_file(value: Any, name: str) -> FileSum:
    if not isinstance(value, dict):
        raise Damage(f"manifest.json does not say what {name} must be")
    sha256, num_bytes = value.get("sha256"), value.get("bytes")
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise Damage(f"manifest.json: sha256 of {name}: wanted 64 digits of 0 to f, found {_show(sha256)}")
    if type(num_bytes) is not int or num_bytes < 0:
        raise Damage(
            f"manifest.json: bytes of {name}: wanted a whole number of at least 0, found {_show(num_bytes)}"
        )
    return FileSum(sha256, num_bytes)


def parse_object(content: bytes, name: str) -> dict[str, Any]:
    """A JSON object, or Damage that names the file."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Damage(f"{name} is not JSON") from error
    if not isinstance(value, dict):
        raise Damage(f"{name}: wanted a JSON object, found {_show(value)}")
    return value


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."
