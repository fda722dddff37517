r"""The walkthrough's prompt, to the letter, and how a written answer is read.

The text up to and with "### Answer:\n" is the prompt; what follows is the answer. Both are always tokenised apart, so
that training, scoring and generation see the same tokens at the border.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LETTERS = "ABCD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One multiple-choice question of MedMCQA's kind."""

    id: str
    subject: str
    text: str
    options: tuple[str, str, str, str]
    gold: int
    """Index of the right option, 0 to 3."""
    explanation: str | None


def render_prompt(question: Question) -> str:
    """What the model is asked: ends where the answer begins."""
    options = "\n".join(f"{letter}) {text}" for letter, text in zip(LETTERS, question.options, strict=True))
    return f"### Question:\n{question.text}\n\n### Options:\n{options}\n\n### Answer:\n"


def render_option(question: Question, index: int) -> str:
    """One option as the model would write it: `B) Metformin`."""
    return f"{LETTERS[index]}) {question.options[index]}"


def render_explanation(question: Question) -> str:
    """What follows the right option in a training sample."""
    return f"\n\n### Explanation:\n{question.explanation or 'No explanation provided.'}"


# A letter that is followed by ")" or ".", or that stands alone on its line. A letter that merely begins a sentence
# ("A fracture of ...") is no answer, and a small letter is none either: the format asks for "A)".
_LETTER = re.compile(r"\s*([A-D])(?:[).]|[ \t]*(?:[\r\n]|\Z))")


def parse_letter(text: str) -> int | None:
    """The option that a written answer begins with, or None when it names none. Never a default."""
    match = _LETTER.match(text)
    return LETTERS.index(match.group(1)) if match else None


def is_decided(text: str) -> bool:
    """Whether nothing that is written after `text` could change what parse_letter reads."""
    written = text.lstrip()
    if not written:
        return False
    return written[0] not in LETTERS or written[1:].lstrip(" \t") != ""
