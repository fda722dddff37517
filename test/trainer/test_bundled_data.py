"""The bundled questions: made again to the byte, in MedMCQA's columns, with one right answer each."""

import json
from collections import Counter
from pathlib import Path

import pytest

from trainer.make.data import build_splits, render_jsonl
from trainer.make.facts import TEMPLATE_KEYS, parse_relation, read_relations

BUNDLED = Path(__file__).parents[2] / "trainer" / "bundled" / "data"
COLUMNS = [
    "id",
    "question",
    "opa",
    "opb",
    "opc",
    "opd",
    "cop",
    "choice_type",
    "exp",
    "subject_name",
    "topic_name",
]
OPTIONS = ("opa", "opb", "opc", "opd")
RELATIONS = read_relations()


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (BUNDLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


TRAIN, VALIDATION = rows("train"), rows("validation")


def normalised(row: dict) -> tuple:
    return " ".join(row["question"].lower().split()), tuple(sorted(row[option].lower() for option in OPTIONS))


@pytest.mark.parametrize("name", ["train", "validation"])
def test_the_script_makes_the_committed_files_again_to_the_byte(name):
    assert render_jsonl(build_splits(RELATIONS)[name]).encode() == (BUNDLED / f"{name}.jsonl").read_bytes()


def test_another_seed_asks_something_else():
    assert build_splits(RELATIONS, seed=1)["train"] != TRAIN


def test_there_are_2000_questions_to_train_on_and_600_to_validate_with():
    assert len(TRAIN) >= 2000
    assert len(VALIDATION) >= 600


def test_every_row_has_medmcqas_columns():
    for row in [*TRAIN, *VALIDATION]:
        assert list(row) == COLUMNS
        assert row["cop"] in range(4), row["id"]
        assert row["choice_type"] == "single"
        assert len({row[option] for option in OPTIONS}) == 4, row["id"]
        assert all(isinstance(row[key], str) and row[key] for key in COLUMNS if key != "cop"), row["id"]


@pytest.mark.parametrize("split", [TRAIN, VALIDATION, TRAIN[:2000], VALIDATION[:600]])
def test_each_letter_is_right_equally_often(split):
    counts = Counter(row["cop"] for row in split)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_no_id_and_no_question_is_there_twice_nor_in_both_files():
    everything = [*TRAIN, *VALIDATION]
    assert len({row["id"] for row in everything}) == len(everything)
    assert len({normalised(row) for row in everything}) == len(everything)


def test_no_wording_of_validation_is_used_in_training():
    for relation in RELATIONS:
        for side in ("right", "left"):
            assert not set(relation.templates[side]) & set(relation.templates[f"{side}-validation"]), (
                relation.name
            )


def test_no_fact_of_validation_is_asked_in_training():
    assert not {row["exp"] for row in TRAIN} & {row["exp"] for row in VALIDATION}


def true_pairs() -> set[tuple[str, str, str]]:
    return {
        (relation.topic, fact.left, right)
        for relation in RELATIONS
        for fact in relation.facts
        for right in fact.rights
    }


def find_fact(row: dict):
    """The fact and the side that a row asks for, from the sentence of its explanation."""
    relation = next(relation for relation in RELATIONS if relation.topic == row["topic_name"])
    template, answer = relation.templates["statement"][0], row[OPTIONS[row["cop"]]]
    for fact in relation.facts:
        if template.replace("{x}", fact.left).replace("{y}", fact.right) == row["exp"]:
            return fact, "right" if answer == fact.right else "left"
    raise AssertionError(f"no fact says {row['exp']!r}")


def test_no_wrong_option_is_right_by_the_table():
    pairs = true_pairs()
    for row in [*TRAIN, *VALIDATION]:
        fact, side = find_fact(row)
        for option in OPTIONS:
            pair = (fact.left, row[option]) if side == "right" else (row[option], fact.right)
            is_answer = option == OPTIONS[row["cop"]]
            assert ((row["topic_name"], *pair) in pairs) == is_answer, row


def test_the_table_states_no_fact_twice_and_what_is_also_true_is_a_value_of_its_relation():
    for relation in RELATIONS:
        pairs = [(fact.left, fact.right) for fact in relation.facts]
        assert len(set(pairs)) == len(pairs), relation.name
        assert len({fact.left for fact in relation.facts}) == len(pairs), relation.name
        values = {fact.right for fact in relation.facts}
        assert all(set(fact.also) <= values - {fact.right} for fact in relation.facts), relation.name


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.name)
def test_templates_name_what_they_need(relation):
    for key in TEMPLATE_KEYS:
        for template in relation.templates[key]:
            assert ("{x}" in template) == (not key.startswith("left")), template
            assert ("{y}" in template) == (not key.startswith("right")), template
            assert not template.startswith("{"), (
                "a name at the start would be tokenised otherwise than in a sentence"
            )


HEADER = "subject: S\ntopic: T\nstatement: {x} is {y}.\nright: {x}?\nright-validation: {x}.\nleft: {y}?\nleft-validation: {y}."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "\n\na b", "colors: expected `left = right`, found 'a b'"),
        (HEADER.replace("topic", "topics") + "\n\na = b", "found 'topics: T'"),
        (
            HEADER.replace("left: {y}?\n", "") + "\n\na = b",
            "colors: the header lacks left$",
        ),
    ],
)
def test_a_broken_relation_file_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse_relation("colors", text)


def test_what_is_also_true_is_never_called_wrong():
    relation = parse_relation("colors", HEADER + "\n\nsky = blue | gray\nstone = gray\nleaf = green")
    sky, stone, leaf = relation.facts
    assert relation.wrong_rights(sky) == ["green"]
    assert relation.wrong_lefts(stone) == ["leaf"]
    assert relation.wrong_lefts(leaf) == ["sky", "stone"]
