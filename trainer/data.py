"""Questions from the bundled files, a folder, or the hub; each row checked before anything is trained on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from .config import Data
from .errors import refuse
from .prompt import Question

BUNDLED = Path(__file__).parent / "bundled" / "data"
OPTIONS = ("opa", "opb", "opc", "opd")
REQUIRED = ("question", *OPTIONS, "cop")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def load_questions(data: Data, *, split: str, limit: int | None) -> list[Question]:
    """The first `limit` questions of a split that have an answer, in the order of the source."""
    rows = _rows(data, split)
    questions = list(islice(_questions(rows), limit))
    if not questions:
        raise refuse(
            "E_DATA", f"data.name {data.name!r}: the {split} split holds no question with an answer."
        )
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise refuse(
                "E_DATA",
                f"data.name {data.name!r}: the id {question.id!r} occurs twice in the {split} split; answers are "
                "paired by id, so each must occur once.",
            )
        seen.add(question.id)
    return questions


def _rows(data: Data, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with the words that say where it stands."""
    if data.name == "bundled":
        return _folder_rows(BUNDLED, split)
    folder = Path(data.name).expanduser()
    if folder.is_dir():
        return _folder_rows(folder, split)
    if folder.exists() or not HUB_ID.fullmatch(data.name):
        raise refuse(
            "E_DATA",
            f'data.name: wanted "bundled", a folder or a hub id such as "openlifescienceai/medmcqa", '
            f"found {data.name!r}, which is no folder here.",
        )
    return _hub_rows(data, split)


def _folder_rows(folder: Path, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    places = (folder, folder / "data")
    for ending, read in ((".jsonl", _json_rows), (".parquet", _parquet_rows)):
        files = sorted(path for place in places for path in place.glob(f"{split}*{ending}"))
        if files:
            for path in files:
                yield from read(path)
            return
    raise refuse(
        "E_DATA", f"{folder}: wanted {split}.jsonl or {split}*.parquet in it or in data/, found neither."
    )


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    empty = True
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    empty = False
                    yield f"{path}, line {number}", _json_row(line, path, number)
    except (OSError, UnicodeDecodeError) as error:
        raise refuse("E_DATA", f"{path}: cannot be read as UTF-8 text ({error}).") from error
    if empty:
        raise refuse("E_DATA", f"{path}: the file is empty; wanted one JSON object a line.")


def _json_row(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise refuse(
            "E_DATA", f"{path}, line {number}: wanted one JSON object, found no JSON ({error})."
        ) from error
    if not isinstance(row, dict):
        raise refuse("E_DATA", f"{path}, line {number}: wanted a JSON object, found {type(row).__name__}.")
    return row


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        if file.metadata.num_rows == 0:
            raise refuse("E_DATA", f"{path}: the file holds no rows.")
        number = 0
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield f"{path}, row {number}", row
    except (OSError, pyarrow.ArrowException) as error:
        raise refuse("E_DATA", f"{path}: cannot be read as Parquet ({error}).") from error


def _hub_rows(data: Data, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import datasets

    try:
        rows: Iterable[Any] = datasets.load_dataset(data.name, revision=data.revision, split=split)
    except Exception as error:
        raise refuse(
            "E_DATA",
            f"data.name {data.name!r}: the hub did not give its {split} split ({type(error).__name__}: {error}). "
            "Check the name, the revision and the connection, or give a folder.",
        ) from error
    for number, row in enumerate(rows, start=1):
        yield f"{data.name}, {split} row {number}", row


def _questions(rows: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Question]:
    for index, (place, row) in enumerate(rows):
        missing = [column for column in REQUIRED if column not in row]
        if missing:
            raise refuse(
                "E_DATA",
                f"{place}: the column {missing[0]!r} is missing; wanted MedMCQA's columns "
                f"{', '.join(REQUIRED)}, found {', '.join(map(str, row)) or 'none'}.",
            )
        if row["cop"] is None or row["question"] is None:
            continue
        yield _question(row, place, fallback_id=f"row-{index}")


def _question(row: dict[str, Any], place: str, *, fallback_id: str) -> Question:
    for column in ("question", *OPTIONS):
        if not isinstance(row[column], str):
            raise refuse("E_DATA", f"{place}: the column {column!r} must be a text, found {row[column]!r}.")
    gold = row["cop"]
    if isinstance(gold, bool) or not isinstance(gold, int) or not 0 <= gold <= 3:
        raise refuse(
            "E_DATA",
            f"{place}: the column 'cop' must be 0 (A) to 3 (D), found {gold!r}. Where answers count from 1, take one "
            "off each; where they are hidden (-1), use another split.",
        )
    identity = row.get("id")
    return Question(
        id=str(identity)[:256] if identity not in (None, "") else fallback_id,
        subject=str(row.get("subject_name") or "unknown")[:256],
        text=row["question"],
        options=(row["opa"], row["opb"], row["opc"], row["opd"]),
        gold=gold,
        explanation=row.get("exp"),
    )
