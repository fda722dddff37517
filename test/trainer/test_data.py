"""Questions from files: what is taken, what is dropped, what is refused, and where the refusal points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import question_row, write_rows

from trainer.config import Data
from trainer.data import load_questions
from trainer.errors import RocmarkError


def load(folder: Path | str, limit: int | None = None) -> Any:
    data = Data(name=str(folder), revision=None, train_samples=None, validation_samples=None)
    return load_questions(data, split="train", limit=limit)


def test_takes_the_first_rows_that_have_an_answer(tmp_path: Path) -> None:
    rows = [
        question_row(0, cop=None),
        question_row(1),
        question_row(2, question=None),
        question_row(3),
        question_row(4),
    ]
    write_rows(tmp_path, "train", rows)
    assert [question.id for question in load(tmp_path, limit=2)] == ["q1", "q3"]


def test_reads_parquet_as_the_hub_lays_it_out(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    rows = [question_row(index) for index in range(10)]
    write_rows(tmp_path / "lines", "train", rows)
    (tmp_path / "parquet/data").mkdir(parents=True)
    for part in range(2):
        table = pyarrow.Table.from_pylist(rows[5 * part : 5 * part + 5])
        pyarrow.parquet.write_table(table, tmp_path / f"parquet/data/train-0000{part}-of-00002.parquet")
    assert load(tmp_path / "parquet") == load(tmp_path / "lines")


def without(key: str) -> dict[str, Any]:
    return {column: value for column, value in question_row(1).items() if column != key}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (without("opc"), r"train\.jsonl, line 2: the column 'opc' is missing; wanted MedMCQA's columns"),
        (
            question_row(1, cop=4),
            r"line 2: the column 'cop' must be 0 \(A\) to 3 \(D\), found 4\. Where answers count from 1",
        ),
        (question_row(1, cop=-1), r"found -1"),
        (question_row(1, cop="1"), r"found '1'"),
        (question_row(1, cop=True), r"found True"),
        (question_row(1, opa=None), r"line 2: the column 'opa' must be a text, found None"),
        (question_row(1, question=7), r"the column 'question' must be a text, found 7"),
        (question_row(0), r"the id 'q0' occurs twice in the train split"),
        ([1], r"line 2: wanted a JSON object, found list"),
    ],
)
def test_points_at_the_row_it_refuses(tmp_path: Path, row: Any, words: str) -> None:
    write_rows(tmp_path, "train", [question_row(0), row])
    with pytest.raises(RocmarkError, match=words) as refusal:
        load(tmp_path)
    assert refusal.value.exit_code == 2


def test_refuses_what_holds_no_questions(tmp_path: Path) -> None:
    with pytest.raises(RocmarkError, match=r"which is no folder here"):
        load(tmp_path / "nowhere")
    with pytest.raises(RocmarkError, match=r"wanted train\.jsonl or train\*\.parquet in it"):
        load(tmp_path)
    path = tmp_path / "train.jsonl"
    path.write_text("")
    with pytest.raises(RocmarkError, match=r"train\.jsonl: the file is empty"):
        load(tmp_path)
    path.write_text(json.dumps(question_row(0, cop=None)) + "\n")
    with pytest.raises(RocmarkError, match=r"the train split holds no question with an answer"):
        load(tmp_path)
    path.write_text('{"id": "q0", "quest')
    with pytest.raises(RocmarkError, match=r"line 1: wanted one JSON object, found no JSON"):
        load(tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RocmarkError, match=r"cannot be read as UTF-8"):
        load(tmp_path)
    path.unlink()
    (tmp_path / "train.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RocmarkError, match=r"train\.parquet: cannot be read as Parquet"):
        load(tmp_path)


def test_a_row_without_an_id_is_known_by_its_place(tmp_path: Path) -> None:
    write_rows(tmp_path, "train", [without("id"), question_row(5)])
    assert [question.id for question in load(tmp_path)] == ["row-0", "q5"]
