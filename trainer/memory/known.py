"""Shapes of models on the hub, for a plan on a machine that has no copy; and whose shape a name means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import refuse
from ..model import BUNDLED
from .shape import Shape, parse_shape

# Each row is config.json of that repository on the hub. The sum of the weights that it gives is the number of
# parameters in the header of the repository's safetensors (test_memory_shape.py has both).
#                family   layers hidden heads kv head_dim intermediate vocabulary tied
_ROWS: dict[str, tuple[str, int, int, int, int, int, int, int, bool]] = {
    "Qwen/Qwen3-0.6B": ("qwen3", 28, 1024, 16, 8, 128, 3072, 151936, True),
    "Qwen/Qwen3-1.7B": ("qwen3", 28, 2048, 16, 8, 128, 6144, 151936, True),
    "Qwen/Qwen3-4B": ("qwen3", 36, 2560, 32, 8, 128, 9728, 151936, True),
    "Qwen/Qwen3-8B": ("qwen3", 36, 4096, 32, 8, 128, 12288, 151936, False),
    "Qwen/Qwen2.5-1.5B": ("qwen2", 28, 1536, 12, 2, 128, 8960, 151936, True),
    "Qwen/Qwen2.5-7B": ("qwen2", 28, 3584, 28, 4, 128, 18944, 152064, False),
    "meta-llama/Llama-3.2-1B": ("llama", 16, 2048, 32, 8, 64, 8192, 128256, True),
    "meta-llama/Llama-3.2-3B": ("llama", 28, 3072, 24, 8, 128, 8192, 128256, True),
    "meta-llama/Llama-3.1-8B": ("llama", 32, 4096, 32, 8, 128, 14336, 128256, False),
}


def known_shape(name: str) -> Shape | None:
    """The shape of a hub id, None where the table has none. `-Base` and `-Instruct` change no shape."""
    row = _ROWS.get(name.removesuffix("-Instruct").removesuffix("-Base"))
    if row is None:
        return None
    family, layers, hidden, heads, kv_heads, head_dim, intermediate, vocabulary, tied = row
    return Shape(
        family=family,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=intermediate,
        vocabulary=vocabulary,
        tied=tied,
    )


def read_shape(name: str) -> Shape:
    """The shape of what `model.name` means: the bundled model, a folder, or a hub id that the table has."""
    folder = BUNDLED if name == "bundled" else Path(name).expanduser()
    path = folder / "config.json"
    if folder.is_dir():
        return parse_shape(_read_object(path), source=str(path))
    shape = known_shape(name)
    if shape is None:
        raise refuse(
            "E_MODEL",
            f'model.name: wanted "bundled", a folder with config.json in it, or one of {", ".join(_ROWS)} '
            f"(their -Base and -Instruct too), found {name!r}. For another model of the hub, download its config.json "
            "into a folder and give that folder.",
        )
    return shape


def _read_object(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refuse("E_MODEL", f"model.name: {path}: cannot be read as JSON ({error}).") from error
    if not isinstance(config, dict):
        raise refuse("E_MODEL", f"model.name: {path}: wanted an object, found {type(config).__name__}.")
    return config
