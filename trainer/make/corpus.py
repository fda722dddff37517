"""What the bundled model is pretrained on: every fact, stated in every wording of its relation. No question, no list of options.

Lettered lists were tried too, so that a generated letter would mean something; it never did, whatever else they changed
(trainer/bundled/README.md).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from .facts import Relation, fill


def statements(relations: list[Relation]) -> list[str]:
    """Every fact in every wording of its statements, and nothing of what `also` says."""
    return [
        fill(template, fact)
        for relation in relations
        for template in relation.templates["statement"]
        for fact in relation.facts
    ]


def documents(relations: list[Relation], rng: random.Random) -> Iterator[str]:
    """Documents without end: all statements once a round, in random order."""
    stated = statements(relations)
    while True:
        for statement in rng.sample(stated, len(stated)):
            rng.random()  # once decided on a list; without this draw the order, and so the committed weights, were others
            yield statement
