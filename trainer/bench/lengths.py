"""How long the made samples are: a short question and an explanation of any length, as in MedMCQA."""

from __future__ import annotations

import random
from dataclasses import dataclass

PROMPT_SPREAD, ANSWER_SPREAD = 0.3, 0.7
"""Standard deviation of the logarithm of a length: questions with four options are alike, explanations are not."""
PROMPT_LIMITS, ANSWER_LIMITS = (64, 256), (16, 256)
"""Least and most tokens of the two parts: a sample has at most 512."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """What the lengths of all samples add up to."""

    mean: float
    """Tokens a sample."""
    target_share: float
    """Of all tokens, those that carry loss: the answer with its explanation."""

    def draw(self, samples: int, seed: int) -> list[tuple[int, int]]:
        """(prompt, answer) tokens of each sample: log-normal within limits, the two sums exact.

        For a number of samples the sums are round(samples x mean) and that times the share, rounded.
        """
        total = round(samples * self.mean)
        targets = round(total * self.target_share)
        prompts = draw_part(
            samples, total - targets, spread=PROMPT_SPREAD, limits=PROMPT_LIMITS, seed=f"prompt {seed}"
        )
        answers = draw_part(
            samples, targets, spread=ANSWER_SPREAD, limits=ANSWER_LIMITS, seed=f"answer {seed}"
        )
        return list(zip(prompts, answers, strict=True))


def draw_part(samples: int, total: int, *, spread: float, limits: tuple[int, int], seed: str) -> list[int]:
    """`samples` whole numbers within `limits` that add up to `total`: a log-normal's, scaled until their sum fits."""
    least, most = limits
    if not samples * least <= total <= samples * most:
        raise ValueError(f"{samples} lengths from {least} to {most} cannot add up to {total}")
    generator = random.Random(seed)
    drawn = [generator.lognormvariate(0, spread) for _ in range(samples)]

    def scaled(factor: float) -> list[int]:
        return [min(most, max(least, int(value * factor))) for value in drawn]

    low, high = 0.0, most / min(drawn) + 1
    # The sum grows with the factor, from all at the least to all at the most; what is missing in the end is a few tokens.
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(scaled(middle)) <= total else (low, middle)
    lengths = scaled(low)
    order = list(range(samples))
    generator.shuffle(order)
    missing = total - sum(lengths)
    while missing:
        for index in order:
            if missing and lengths[index] < most:
                lengths[index] += 1
                missing -= 1
    return lengths
