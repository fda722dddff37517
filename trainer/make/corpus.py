"""What the bundled model is pretrained on: statements of the facts, and lists that teach which letter belongs to which item.

Nothing here is a question, and nothing has the prompt's layout: a fact is only ever stated, and a list asks nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from .facts import Fact, Relation, fill

LETTERS = "ABCDEF"
LIST_SENTENCES = (
    "The item marked {letter} is {item}.",
    "In this list {item} stands at {letter}.",
    "The letter of {item} is {letter}.",
    "Here {letter}) {item} was picked.",
)
LIST_SHARE = 0.4
"""Share of documents that are lists; the others state a fact."""


def statements(relations: list[Relation]) -> list[str]:
    """Every fact in every wording of its statements, and nothing of what `also` says."""
    return [
        fill(template, fact)
        for relation in relations
        for template in relation.templates["statement"]
        for fact in relation.facts
    ]


def list_items(relations: list[Relation]) -> list[list[str]]:
    """For each side of each relation, the distinct names a list may hold."""
    sides = []
    for relation in relations:
        sides.append(sorted({fact.left for fact in relation.facts}))
        sides.append(sorted({fact.right for fact in relation.facts}))
    return sides


def list_document(items: list[str], rng: random.Random) -> str:
    """A lettered list of some items, then sentences that bind letters and items."""
    chosen = rng.sample(items, min(len(items), rng.randint(3, 5)))
    lines = [f"{letter}) {item}" for letter, item in zip(LETTERS, chosen, strict=False)]
    sentences = []
    for _ in range(2):
        number = rng.randrange(len(chosen))
        sentences.append(rng.choice(LIST_SENTENCES).format(letter=LETTERS[number], item=chosen[number]))
    return "\n".join([*lines, *sentences])


def documents(relations: list[Relation], rng: random.Random) -> Iterator[str]:
    """Documents without end: every statement once a round, in random order, lists between them."""
    sides = list_items(relations)
    stated = statements(relations)
    while True:
        for statement in rng.sample(stated, len(stated)):
            while rng.random() < LIST_SHARE:
                yield list_document(rng.choice(sides), rng)
            yield statement


__all__ = ["Fact", "documents", "statements"]
