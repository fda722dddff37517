"""The trained adapter on disk, in PEFT's format; the same run gives the same files, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .durable import replace_folder
from .model import num_trainable


def save_adapter(model: Any, directory: Path, *, base_name: str) -> dict[str, Any]:
    """Write the adapter to `directory`/adapter, all of it or nothing, and say where it is and what it is."""
    folder = directory / "adapter"
    # PEFT would write where the base lies on this machine; the name that the user gave travels better.
    for settings in model.peft_config.values():
        settings.base_model_name_or_path = base_name

    def fill(place: Path) -> None:
        model.save_pretrained(str(place), safe_serialization=True)
        (place / "README.md").unlink(missing_ok=True)
        _sort_lists(place / "adapter_config.json")
        for path in place.iterdir():
            path.chmod(0o644)

    digest = replace_folder(folder, fill)
    return {"path": str(folder.resolve()), "sha256": digest, "parameters": num_trainable(model)}


def _sort_lists(path: Path) -> None:
    """PEFT writes its sets in an order that changes from process to process."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    for key, value in settings.items():
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            settings[key] = sorted(value)
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
