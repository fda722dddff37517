"""Questions in MedMCQA's columns whose samples have exactly the lengths asked for, of words the tokenizer knows whole."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from ..prompt import LETTERS, Question, render_explanation, render_option, render_prompt
from ..samples import Encoder

OPTION_WORDS = 2
ROUNDS = 4
"""A word more is a token more, so the second round fits; the others are for a tokenizer that joins words."""


def make_rows(
    encoder: Encoder, lengths: Sequence[tuple[int, int]], words: Sequence[str], seed: int
) -> list[Any]:
    """A row for each pair of (prompt tokens, answer tokens), as the trainer will count them."""
    generator = random.Random(seed)
    texts = [
        {name: generator.choices(words, k=OPTION_WORDS) for name in ("opa", "opb", "opc", "opd")}
        | {"question": generator.choices(words, k=prompt), "exp": generator.choices(words, k=answer)}
        for prompt, answer in lengths
    ]
    for _ in range(ROUNDS):
        rows = [_row(index, text) for index, text in enumerate(texts)]
        misfits = 0
        for text, wanted, found in zip(texts, lengths, count_tokens(encoder, rows), strict=True):
            for part, more in zip(
                ("question", "exp"), (w - f for w, f in zip(wanted, found, strict=True)), strict=True
            ):
                misfits += more != 0
                _grow(text[part], more, words, generator)
        if misfits == 0:
            return rows
    raise ValueError(
        f"{misfits} texts of {2 * len(lengths)} do not get the lengths asked for with this tokenizer"
    )


def count_tokens(encoder: Encoder, rows: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """(prompt, answer) tokens of each row's training sample when nothing is cut, loss on the answer."""
    questions = [
        Question(
            id=row["id"],
            subject=row["subject_name"],
            text=row["question"],
            options=(row["opa"], row["opb"], row["opc"], row["opd"]),
            gold=row["cop"],
            explanation=row["exp"],
        )
        for row in rows
    ]
    prompts = encoder.prompts([render_prompt(question) for question in questions])
    options = encoder.continuations([render_option(question, question.gold) for question in questions])
    explanations = encoder.continuations([render_explanation(question) for question in questions])
    return [
        (len(prompt), len(option) + len(explanation))
        for prompt, option, explanation in zip(prompts, options, explanations, strict=True)
    ]


def whole_words(vocabulary: Sequence[str]) -> list[str]:
    """Words of small letters that a byte-level BPE holds as one token behind a space, which it writes as a G with a dot."""
    return sorted(entry[1:] for entry in vocabulary if re.fullmatch("\u0120[a-z]{3,}", entry))


def _row(index: int, text: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "id": f"made-{index}",
        **{name: " ".join(part) for name, part in text.items()},
        "cop": index % len(LETTERS),
        "choice_type": "single",
        "subject_name": "made",
        "topic_name": None,
    }


def _grow(part: list[str], more: int, words: Sequence[str], generator: random.Random) -> None:
    """Add so many words, or take so many away; one is left."""
    if more < 0:
        del part[max(1, len(part) + more) :]
    else:
        part.extend(generator.choices(words, k=more))
