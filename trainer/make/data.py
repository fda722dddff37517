"""Write the bundled questions: `python -m trainer.make.data` makes trainer/bundled/data/{train,validation}.jsonl again.

Both files hold MedMCQA's columns. A quarter of the facts is held out: it is asked in validation only, in wordings that training
does not use, so what validation measures is answering from what pretraining taught, not remembering a training question.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from pathlib import Path

from .facts import Fact, Relation, fill, read_relations

DATA_DIRECTORY = Path(__file__).parent.parent / "bundled" / "data"
SEED = 20260
HELD_OUT_EVERY = 4
"""One fact of so many is kept for validation."""


def split_facts(relation: Relation, rng: random.Random) -> tuple[list[Fact], list[Fact]]:
    """Facts to ask in training, and facts to ask in validation, of one relation; no fact is in both."""
    facts = rng.sample(relation.facts, len(relation.facts))
    held_out = (len(facts) + 1) // HELD_OUT_EVERY
    return facts[held_out:], facts[:held_out]


def build_question(relation: Relation, fact: Fact, side: str, template: str, rng: random.Random) -> dict:
    """One question with its answer and three wrong options; the answer's letter is chosen later, by `place_answers`."""
    wrong = relation.wrong_rights(fact) if side == "right" else relation.wrong_lefts(fact)
    explanation = fill(relation.templates["statement"][0], fact)
    return {
        "question": fill(template, fact),
        "answer": fact.right if side == "right" else fact.left,
        "wrong": rng.sample(wrong, 3),
        "exp": explanation,
        "subject_name": relation.subject,
        "topic_name": relation.topic,
    }


def place_answers(questions: list[dict], rng: random.Random) -> list[dict]:
    """Shuffle the questions and give each letter to a quarter of them; the result has MedMCQA's columns in its order."""
    rows = []
    for number, question in enumerate(rng.sample(questions, len(questions))):
        if number % 4 == 0:
            letters = rng.sample(range(4), 4)
        cop = letters[number % 4]
        options = [*question["wrong"][:cop], question["answer"], *question["wrong"][cop:]]
        rows.append(
            {
                "id": hashlib.sha256("\n".join([question["question"], *options]).encode()).hexdigest()[:16],
                "question": question["question"],
                **dict(zip(("opa", "opb", "opc", "opd"), options, strict=True)),
                "cop": cop,
                "choice_type": "single",
                "exp": question["exp"],
                "subject_name": question["subject_name"],
                "topic_name": question["topic_name"],
            }
        )
    return rows


def build_splits(relations: list[Relation], seed: int = SEED) -> dict[str, list[dict]]:
    """The rows of both files. The same relations and seed give the same rows."""
    rng = random.Random(seed)
    train, validation = [], []
    for relation in relations:
        asked, held_out = split_facts(relation, rng)
        for side in ("right", "left"):
            for fact in asked:
                for template in relation.templates[side]:
                    train.append(build_question(relation, fact, side, template, rng))
            for fact in held_out:
                for template in relation.templates[f"{side}-validation"]:
                    validation.append(build_question(relation, fact, side, template, rng))
    return {"train": place_answers(train, rng), "validation": place_answers(validation, rng)}


def render_jsonl(rows: list[dict]) -> str:
    """One JSON object a line, keys in the order of the columns."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=DATA_DIRECTORY, help="folder to write train.jsonl and validation.jsonl to"
    )
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in build_splits(read_relations()).items():
        (out / f"{name}.jsonl").write_text(render_jsonl(rows), encoding="utf-8")
        print(f"{name}: {len(rows)} questions")


if __name__ == "__main__":
    main()
