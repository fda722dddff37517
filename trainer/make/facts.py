"""The table of medical facts: one small text file a relation, in `facts/`.

A file is a header (`key: value` lines: what the relation is about, how it is stated, how it is asked), an empty line, and one
fact a line, `left = right`. `left = right | also` names further right-hand values that are true as well, or arguable: they are
never asked for and never offered as wrong answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FACTS_DIRECTORY = Path(__file__).parent / "facts"
TEMPLATE_KEYS = ("statement", "right", "right-validation", "left", "left-validation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One true pair of a relation."""

    left: str
    right: str
    also: tuple[str, ...] = ()
    """Other values of the right-hand side that are true of `left` too, or arguably so."""

    @property
    def rights(self) -> frozenset[str]:
        """All that may not be called wrong about `left`."""
        return frozenset((self.right, *self.also))


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A kind of fact: where it belongs, how it is stated and asked, and all its pairs."""

    name: str
    subject: str
    topic: str
    templates: dict[str, tuple[str, ...]]
    """For each of TEMPLATE_KEYS, sentences with `{x}` (left) and `{y}` (right)."""
    facts: tuple[Fact, ...]

    def wrong_rights(self, fact: Fact) -> list[str]:
        """Every right-hand value that is false of this fact's left, in order of the file."""
        return [
            right for right in dict.fromkeys(other.right for other in self.facts) if right not in fact.rights
        ]

    def wrong_lefts(self, fact: Fact) -> list[str]:
        """Every left-hand value of which this fact's right is false, in order of the file."""
        return [other.left for other in self.facts if fact.right not in other.rights]


def fill(template: str, fact: Fact) -> str:
    """Put a fact into a template: "{x} is {y}" -> "iron is a metal"."""
    return template.replace("{x}", fact.left).replace("{y}", fact.right)


def parse_relation(name: str, text: str) -> Relation:
    """Read one relation file; an error names the file, the line and what was expected."""
    fields: dict[str, list[str]] = {}
    facts: list[Fact] = []
    header, _, body = text.partition("\n\n")
    for line in header.splitlines():
        key, separator, value = line.partition(": ")
        if not separator or key not in ("subject", "topic", *TEMPLATE_KEYS):
            raise ValueError(
                f"{name}: expected `subject`, `topic` or one of {', '.join(TEMPLATE_KEYS)}, found {line!r}"
            )
        fields.setdefault(key, []).append(value)
    for line in body.splitlines():
        left, separator, right = line.partition(" = ")
        if not separator:
            raise ValueError(f"{name}: expected `left = right`, found {line!r}")
        right, *also = right.split(" | ")
        facts.append(Fact(left=left, right=right, also=tuple(also)))
    if missing := [key for key in ("subject", "topic", *TEMPLATE_KEYS) if key not in fields]:
        raise ValueError(f"{name}: the header lacks {', '.join(missing)}")
    (subject,), (topic,) = fields["subject"], fields["topic"]
    templates = {key: tuple(fields[key]) for key in TEMPLATE_KEYS}
    return Relation(name=name, subject=subject, topic=topic, templates=templates, facts=tuple(facts))


def read_relations(directory: Path = FACTS_DIRECTORY) -> list[Relation]:
    """All relations, by name."""
    return [
        parse_relation(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(directory.glob("*.txt"))
    ]
