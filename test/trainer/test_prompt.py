"""The prompt, to the letter, and how a written answer is read."""

from __future__ import annotations

import pytest
from conftest import question_row
from hypothesis import given
from hypothesis import strategies as st

from trainer.data import _question
from trainer.prompt import LETTERS, is_decided, parse_letter, render_explanation, render_option, render_prompt


def test_renders_the_published_prompt() -> None:
    question = _question(question_row(0), "here", fallback_id="x")
    assert render_prompt(question) + render_option(question, question.gold) + render_explanation(
        question
    ) == (
        "### Question:\nWhich drug is meant by word number 0?\n\n"
        "### Options:\nA) metformin\nB) warfarin\nC) digoxin\nD) furosemide\n\n"
        "### Answer:\nA) metformin\n\n### Explanation:\nBecause of 0."
    )


def test_says_so_when_there_is_no_explanation() -> None:
    question = _question(question_row(1), "here", fallback_id="x")
    assert render_explanation(question) == "\n\n### Explanation:\nNo explanation provided."


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A) metformin", 0), ("B", 1), ("  C.", 2), ("\nD)", 3), ("D\n\n### Expl", 3), ("B ", 1), ("C)insulin", 2),
        ("A. because", 0), ("", None), (")", None), ("a) metformin", None), ("E) none", None), ("A fracture", None),
        ("Answer: A", None), ("AB)", None), ("(A)", None), ("The answer is B)", None), ("Aspirin", None), ("D3)", None),
    ],
)  # fmt: skip
def test_reads_a_letter_only_where_one_was_written(text: str, letter: int | None) -> None:
    assert parse_letter(text) == letter


@given(st.text())
def test_never_makes_a_letter_up(text: str) -> None:
    letter = parse_letter(text)
    assert letter is None or text.lstrip()[0] == LETTERS[letter]


@given(st.sampled_from(LETTERS), st.sampled_from([")", "."]), st.text(), st.sampled_from(["", " ", "\n"]))
def test_reads_every_answer_in_the_format(letter: str, mark: str, rest: str, before: str) -> None:
    assert parse_letter(before + letter + mark + rest) == LETTERS.index(letter)


@given(st.text(alphabet="AB).x \n\t", max_size=6), st.text(alphabet="AB).x \n\t", max_size=6))
def test_stops_writing_only_where_the_rest_cannot_matter(text: str, rest: str) -> None:
    if is_decided(text):
        assert parse_letter(text + rest) == parse_letter(text)


@pytest.mark.parametrize(
    ("text", "decided"), [("", False), ("\n ", False), ("B", False), ("B ", False), ("B)", True), ("x", True)]
)
def test_goes_on_writing_while_a_letter_may_still_come(text: str, decided: bool) -> None:
    assert is_decided(text) is decided
