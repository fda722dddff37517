"""The base model with its tokenizer, and the adapter on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .config import Config, Lora
from .data import HUB_ID
from .device import torch_dtype
from .durable import MANIFEST, file_sums
from .errors import refuse

BUNDLED = Path(__file__).parent / "bundled" / "model"


def resolve_model(name: str) -> str:
    """Where the model is: a folder that was looked at, or a hub id."""
    if name == "bundled":
        return str(_check_folder(BUNDLED))
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(_check_folder(folder))
    if folder.exists() or not HUB_ID.fullmatch(name):
        raise refuse(
            "E_MODEL",
            f'model.name: wanted "bundled", a folder or a hub id such as "Qwen/Qwen3-1.7B", found {name!r}, '
            "which is no folder here.",
        )
    return name


def _check_folder(folder: Path) -> Path:
    """Refuse a folder that is no model in the hub's format, before a library says it in its own way."""
    wanted = {
        "config.json": (folder / "config.json").is_file(),
        "*.safetensors": any(folder.glob("*.safetensors")),
        "tokenizer.json or tokenizer_config.json": any(
            (folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json")
        ),
    }
    missing = [name for name, found in wanted.items() if not found]
    if missing:
        raise refuse(
            "E_MODEL",
            f"model.name: {folder} is no model in the hub's format: {', '.join(missing)} missing. "
            "Give the folder that save_pretrained wrote, for the model and for its tokenizer.",
        )
    path = folder / "config.json"
    try:
        if not isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
            raise ValueError("not an object")
    except (ValueError, OSError) as error:
        raise refuse("E_MODEL", f"model.name: {path} is not JSON ({error}).") from error
    return folder


def load_base(config: Config, device: Any) -> tuple[Any, Any]:
    """Model (on the device, in the precision of the run) and tokenizer."""
    from .imports import transformers

    source = resolve_model(config.model.name)
    try:
        tokenizer = transformers().AutoTokenizer.from_pretrained(source, revision=config.model.revision)
        model = transformers().AutoModelForCausalLM.from_pretrained(
            source,
            revision=config.model.revision,
            dtype=torch_dtype(config.precision),
            use_safetensors=True,
        )
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise
        raise refuse(
            "E_MODEL",
            f"model.name {config.model.name!r}: cannot be loaded ({type(error).__name__}: {error}). "
            "Check the name, the revision and the connection, or give a folder in the hub's format.",
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise refuse(
            "E_MODEL", f"model.name {config.model.name!r}: its tokenizer has no pad and no end-of-text token."
        )
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise refuse(
            "E_MODEL",
            f"model.name {config.model.name!r}: its tokenizer has {len(tokenizer)} tokens, its embedding {rows} rows: they "
            "do not belong together. Save the model with the tokenizer that it was trained with.",
        )
    return model.to(device), tokenizer


def check_targets(model: Any, lora: Lora) -> None:
    """Refuse a target that no linear layer of the model has."""
    import torch

    present = sorted(
        {name.rsplit(".", 1)[-1] for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    )
    for target in lora.targets:
        if target not in present:
            raise refuse(
                "E_LORA_TARGET",
                f"lora.targets: no linear layer of this model is named {target!r}; found {', '.join(present)}.",
            )


def add_adapter(model: Any, lora: Lora) -> Any:
    """The model with a fresh LoRA adapter; only the adapter is trainable, and it stays fp32."""
    from .imports import peft

    check_targets(model, lora)
    return peft().get_peft_model(
        model,
        peft().LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=list(lora.targets),
            bias="none",
            task_type="CAUSAL_LM",
        ),
    )


def load_adapter(model: Any, folder: Path) -> Any:
    """The model with an adapter that was trained before."""
    from .imports import peft

    if not (folder / "adapter_config.json").is_file() or not (folder / "adapter_model.safetensors").is_file():
        raise refuse(
            "E_ADAPTER",
            f"--adapter {folder}: wanted adapter_config.json and adapter_model.safetensors in it, as PEFT writes them.",
        )
    _check_manifest(folder)
    try:
        return peft().PeftModel.from_pretrained(model, str(folder))
    except Exception as error:
        raise refuse(
            "E_ADAPTER", f"--adapter {folder}: does not fit the model ({type(error).__name__}: {error})."
        ) from error


def _check_manifest(folder: Path) -> None:
    """Refuse an adapter of ours of which a file has changed; one that others wrote has no manifest."""
    path = folder / MANIFEST
    if not path.is_file():
        return
    try:
        wanted = dict(json.loads(path.read_text(encoding="utf-8"))["files"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise refuse(
            "E_ADAPTER", f"--adapter {folder}: {MANIFEST} cannot be read ({type(error).__name__}: {error})."
        ) from error
    found = file_sums(folder)
    changed = [name for name, digest in wanted.items() if found.get(name) != digest]
    if changed:
        raise refuse(
            "E_ADAPTER",
            f"--adapter {folder}: {', '.join(changed)} is not what training wrote: its sha256 is not the one in "
            f"{MANIFEST}. Copy the adapter again, or remove {MANIFEST} if the change is wanted.",
        )


def num_trainable(model: Any) -> int:
    """Parameters that training changes."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
