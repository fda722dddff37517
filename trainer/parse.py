"""JSON to a config of frozen dataclasses, refusing everything that they do not say.

One pass collects every problem, each with its full key path, what was wanted and what was found.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from .config import Config
from .errors import refuse


def read_config(path: Path) -> tuple[Config, dict[str, Any]]:
    """The config in a file, and the JSON that it was (the record repeats it)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refuse("E_CONFIG", f"--config {path}: cannot be read ({error}). Give a JSON file.") from error
    value = _load(text, str(path))
    return parse_config(value, source=str(path)), value


def parse_config(value: Any, *, source: str) -> Config:
    """The config that a JSON value is; every problem in one message."""
    problems: list[str] = []
    config = _parse(Config, {}, value, "", problems)
    if not problems:
        problems = _contradictions(config)
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise refuse("E_CONFIG", f"{source}: the config is refused:{listed}")
    return config


def _load(text: str, source: str) -> Any:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f'the key "{twice}" is given twice in one object')
        return found

    def no_constants(constant: str) -> float:
        raise ValueError(f"{constant} is no number in JSON")

    try:
        return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constants)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise refuse(
            "E_CONFIG", f"{source}: wanted a JSON object, found something else: {reason}."
        ) from error


def _contradictions(config: Config) -> list[str]:
    """What each key allows alone but not together."""
    problems = []
    if config.recipe == "fast" and config.training.effective_batch % config.world.ranks:
        problems.append(
            f"training.effectiveBatch: wanted a multiple of the {config.world.ranks} ranks, found "
            f"{config.training.effective_batch}."
        )
    unit = config.training.micro_batch * config.world.ranks
    if config.recipe == "walkthrough" and config.training.effective_batch % unit:
        near = max(unit, config.training.effective_batch // unit * unit)
        problems.append(
            f"training.effectiveBatch: wanted a multiple of training.microBatch x ranks = "
            f"{config.training.micro_batch} x {config.world.ranks} = {unit}, found {config.training.effective_batch}; "
            f"{near} or {near + unit} would do, or a smaller microBatch."
        )
    if config.recipe == "walkthrough" and config.fast.checkpoint_every is not None:
        problems.append(
            f'fast.checkpointEvery: recipe "walkthrough" keeps no checkpoints; wanted null, found '
            f"{config.fast.checkpoint_every}."
        )
    if config.precision == "fp16" and config.device == "cpu":
        problems.append('precision: "fp16" needs a GPU; on device "cpu" use "fp32" or "bf16".')
    if config.world.transport == "nccl" and config.device == "cpu":
        problems.append('world.transport: "nccl" needs GPUs; on device "cpu" use "gloo" or "auto".')
    if len(set(config.world.nodes)) < len(config.world.nodes):
        problems.append(f"world.nodes: wanted each node once, found {list(config.world.nodes)}.")
    return problems


def _parse(kind: Any, limits: Any, value: Any, path: str, problems: list[str]) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        kind = next(arm for arm in get_args(kind) if arm is not type(None))
        return _parse(kind, {**limits, "or_null": True}, value, path, problems)
    if dataclasses.is_dataclass(kind):
        return _parse_object(kind, value, path, problems)
    if origin is tuple:
        return _parse_list(get_args(kind)[0], limits, value, path, problems)
    wanted = _mismatch(kind, limits, value)
    if wanted:
        wanted += " or null" if limits.get("or_null") else ""
        problems.append(f"{path}: wanted {wanted}, found {_show(value)}.")
        return None
    return float(value) if kind is float else value


def _mismatch(kind: Any, limits: Any, value: Any) -> str | None:
    """What was wanted, when `value` is not it."""
    if get_origin(kind) is Literal:
        allowed = get_args(kind)
        fits = any(type(value) is type(choice) and value == choice for choice in allowed)
        return None if fits else " or ".join(json.dumps(choice) for choice in allowed)
    if kind is bool:
        return None if isinstance(value, bool) else "true or false"
    if get_origin(kind) is dict:
        return None if isinstance(value, dict) else "an object"
    if kind is str:
        pattern = limits.get("pattern")
        if pattern:
            return (
                None if isinstance(value, str) and re.fullmatch(pattern, value) else f"a text like {pattern}"
            )
        if limits.get("not_empty"):
            return None if isinstance(value, str) and value else "a text that is not empty"
        return None if isinstance(value, str) else "a text"
    return _number_mismatch(kind, limits, value)


def _number_mismatch(kind: Any, limits: Any, value: Any) -> str | None:
    types_ = (int,) if kind is int else (int, float)
    low, above, high = limits.get("minimum"), limits.get("above"), limits.get("maximum")
    fits = (
        isinstance(value, types_)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and (low is None or value >= low)
        and (above is None or value > above)
        and (high is None or value <= high)
    )
    if fits:
        return None
    words = ["a whole number" if kind is int else "a number"]
    words += [f"of at least {low}"] if low is not None else []
    words += [f"above {above}"] if above is not None else []
    words += [f"and at most {high}"] if high is not None else []
    return " ".join(words)


def _parse_list(kind: Any, limits: Any, value: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(value, list) or (limits.get("not_empty") and not value):
        wanted = "a list that is not empty" if limits.get("not_empty") else "a list"
        problems.append(f"{path}: wanted {wanted}, found {_show(value)}.")
        return ()
    entry_limits = {"not_empty": True}
    return tuple(
        _parse(kind, entry_limits, entry, f"{path}[{index}]", problems) for index, entry in enumerate(value)
    )


def _parse_object(kind: type, value: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(value, dict):
        problems.append(f"{path or 'the config'}: wanted an object, found {_show(value)}.")
        return None
    hints = get_type_hints(kind)
    fields = {to_camel(entry.name): entry for entry in dataclasses.fields(kind)}
    before = len(problems)
    for key in value.keys() - fields.keys():
        near = difflib.get_close_matches(key, fields, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(fields)}."
        problems.append(f"{_join(path, key)}: unknown key; {hint}")
    found: dict[str, Any] = {}
    for key, entry in fields.items():
        if key not in value:
            problems.append(f"{_join(path, key)}: missing.")
        else:
            found[entry.name] = _parse(
                hints[entry.name], entry.metadata, value[key], _join(path, key), problems
            )
    problems[before:] = sorted(problems[before:])
    return kind(**found) if len(problems) == before else None


def to_camel(name: str) -> str:
    """`micro_batch` to `microBatch`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else text[:77] + "..."
