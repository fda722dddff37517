"""What a model answers to every question: by log-probability of the options, and by the letter that it writes.

Batches are made before they are dealt to the ranks, so that each is computed alike wherever it runs and the results do
not depend on how many ranks share the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .config import Config
from .progress import Progress
from .prompt import Question
from .samples import Encoder
from .scoring import encode_questions, score_options
from .world import World
from .writing import write_letters


def evaluate_model(
    questions: Sequence[Question],
    *,
    model: Any,
    tokenizer: Any,
    device: Any,
    config: Config,
    world: World,
    progress: Progress,
    phase: str,
) -> list[dict[str, Any]]:
    """One entry for each question, in their order, the same on every rank. Collective."""
    asked = encode_questions(questions, Encoder(tokenizer))
    shared = {
        "model": model,
        "device": device,
        "precision": config.precision,
        "batch": config.evaluation.batch,
        "rank": world.place.rank,
        "ranks": world.place.size,
    }
    scores = score_options(asked, **shared, on_batch=lambda done, total: progress.update(phase, done, total))
    letters: dict[int, int | None] = {}
    if config.evaluation.letters:
        letters = write_letters(
            [question.prompt for question in asked],
            tokenizer=tokenizer,
            **shared,
            on_batch=lambda done, total: progress.update(f"{phase}-letters", done, total),
        )
    for other_scores, other_letters in world.gather((scores, letters)):
        scores.update(other_scores)
        letters.update(other_letters)
    return [_entry(question, scores[index], letters.get(index)) for index, question in enumerate(questions)]


def _entry(question: Question, scores: list[float], letter: int | None) -> dict[str, Any]:
    return {
        "id": question.id,
        "subject": question.subject,
        "gold": question.gold,
        "predicted": max(range(len(scores)), key=scores.__getitem__),
        "logProbabilities": scores,
        "letter": letter,
    }
