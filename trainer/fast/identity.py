"""What makes two trainings the same one: a checkpoint goes on in no other."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..config import Config
from ..order import Plan
from ..parse import to_camel
from ..samples import Sample

ELSEWHERE = (
    "run",
    "code",
    "fingerprints",
    "threads",
    "evaluation",
    "profile",
    "world",
    "fast.checkpointEvery",
)
"""Keys of the config that change nothing in the training. Of the world its number of ranks counts, under a name of its own."""


def identify(config: Config, *, model: Any, samples: Sequence[Sample], plan: Plan) -> dict[str, Any]:
    """Key by key what must be equal, as JSON has it."""
    found = {key: value for key, value in settings_of(config) if not _is_elsewhere(key)}
    return found | {
        "number of ranks": plan.ranks,
        "the model's weights": weights_digest(model),
        "the samples and their order": samples_digest(samples, plan),
    }


def settings_of(config: Config) -> Iterator[tuple[str, Any]]:
    """Every value of the config by its dotted key."""

    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if not dataclasses.is_dataclass(value):
            yield path, list(value) if isinstance(value, tuple) else value
            return
        for entry in dataclasses.fields(value):
            key = to_camel(entry.name)
            yield from walk(getattr(value, entry.name), f"{path}.{key}" if path else key)

    return walk(config, "")


def _is_elsewhere(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in ELSEWHERE)


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What is not the same, one sentence part each; digests are not shown, since they tell nobody anything."""
    found = []
    for key in sorted(before.keys() | now.keys()):
        was, is_now = before.get(key), now.get(key)
        if was == is_now:
            continue
        told = key.startswith("the ")
        found.append(f"{key} changed" if told else f"{key} was {json.dumps(was)} and is {json.dumps(is_now)}")
    return found


def weights_digest(model: Any) -> str:
    """sha256 over each frozen weight's name, shape, type, and a sum of its bits that moves when a row does.

    Computed where the weights are, in one reading of them: to copy 3 GB off a device and hash them would take seconds.
    """
    import torch

    words = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    digest = hashlib.sha256()
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if weight.requires_grad:
                continue
            bits = weight.detach().contiguous().view(words[weight.element_size()])
            rows = bits.reshape(bits.shape[0], -1).sum(dim=1, dtype=torch.int64)
            places = torch.arange(1, rows.shape[0] + 1, device=rows.device)
            total = int((rows * places).sum())
            digest.update(f"{name} {tuple(weight.shape)} {weight.dtype} {total}\n".encode())
    return digest.hexdigest()


def samples_digest(samples: Sequence[Sample], plan: Plan) -> str:
    """sha256 over every token and label, and over which step takes which sample."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(repr((sample.input_ids, sample.labels)).encode())
    digest.update(repr(plan.steps).encode())
    return digest.hexdigest()
