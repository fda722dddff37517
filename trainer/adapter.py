"""The trained adapter on disk, in PEFT's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .durable import replace_folder
from .model import num_trainable


def save_adapter(model: Any, directory: Path, *, base_name: str) -> dict[str, Any]:
    """Write the adapter to `directory`/adapter, all of it or nothing, and say where it is and what it is."""
    folder = directory / "adapter"
    # PEFT writes the base's folder into the adapter; the name that the user gave travels better between machines.
    for settings in model.peft_config.values():
        settings.base_model_name_or_path = base_name
    digest = replace_folder(folder, lambda place: model.save_pretrained(str(place), safe_serialization=True))
    return {"path": str(folder.resolve()), "sha256": digest, "parameters": num_trainable(model)}
