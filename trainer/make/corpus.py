"""What the bundled model is pretrained on: statements of the facts, and lettered lists with a sentence about one item.

Nothing here is a question, and nothing has the prompt's layout. A list is context only, as its items are drawn at random; what
the model learns to predict is the sentence under it: which letter, and which item, goes with a name that is not on the list.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from .facts import Relation, fill

LETTERS = "ABCDEF"
LIST_SHARE = 0.0
"""Share of documents that are lists; the others state a fact."""
LIST_SENTENCE = "With {other} goes {letter}) {item}."


def statements(relations: list[Relation]) -> list[str]:
    """Every fact in every wording of its statements, and nothing of what `also` says."""
    return [
        fill(template, fact)
        for relation in relations
        for template in relation.templates["statement"]
        for fact in relation.facts
    ]


def list_document(relation: Relation, rng: random.Random) -> tuple[str, str]:
    """A lettered list of one side of a relation, and a sentence that is true of one of its items only."""
    fact = rng.choice(relation.facts)
    if rng.random() < 0.5:
        item, other, wrong = fact.right, fact.left, relation.wrong_rights(fact)
    else:
        item, other, wrong = fact.left, fact.right, relation.wrong_lefts(fact)
    items = rng.sample(wrong, min(len(wrong), rng.randint(2, 4)))
    place = rng.randint(0, len(items))
    items.insert(place, item)
    lines = "".join(f"{letter}) {name}\n" for letter, name in zip(LETTERS, items, strict=False))
    return lines, LIST_SENTENCE.format(letter=LETTERS[place], item=item, other=other)


def documents(relations: list[Relation], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Documents without end, each as (context, text to learn): all statements once a round, in random order, lists between."""
    stated = statements(relations)
    weights = [len(relation.facts) for relation in relations]
    while True:
        for statement in rng.sample(stated, len(stated)):
            while rng.random() < LIST_SHARE:
                yield list_document(rng.choices(relations, weights)[0], rng)
            yield "", statement
