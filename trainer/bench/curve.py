"""Whether a loss curve is another one's but for rounding, judged by what rounding does to that one.

Several runs of the baseline, alike but for the order in which a step's samples are added up, differ by rounding alone. A
candidate that computes the same is one more of them: its distance from their mean is about as large as their range. It
can be larger by chance, so it may be FACTOR times as large.

FACTOR: let a loss at one step be normal with deviation s over such runs. Of three, the range R is below r with a
probability near 3 r^2 / (2 pi sqrt(3) s^2) for small r, and a fourth lies d from the three's mean, d normal with variance
4/3 s^2. So P(d > c R) is about E[(d / c)^2] x 0.276 / s^2 = 0.37 / c^2: 1 % for c = 6, in the worst case that a curve's
steps all err together, so that it has but one draw. With steps that err apart, the range below is a maximum over ten
draws and more, and it is rarer still.

The range is taken as the largest of all steps so far, of the first WINDOW at least: three runs agree by chance in one
step or another, and rounding grows as training goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

FACTOR = 6
WINDOW = 10
EPSILON = 2.0**-23
"""Of fp32, in which losses are written down: curves that agree to the last bit leave no range at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How far a curve is from the baseline's."""

    within: bool
    """At every step."""
    steps: int
    worst_step: int
    """From 1: where the distance is the largest share of the tolerance."""
    distance: float
    """There, from the mean of the baseline's curves."""
    tolerance: float
    """There."""
    spread: float
    """Largest range of the baseline's curves over all steps."""

    def to_json(self) -> dict[str, Any]:
        """With JSON's names."""
        entries = asdict(self)
        return {"worstStep" if key == "worst_step" else key: value for key, value in entries.items()}


def judge_curve(candidate: Sequence[float], baseline: Sequence[Sequence[float]]) -> Verdict:
    """Hold `candidate` against at least two curves of as many steps."""
    if len(baseline) < 2 or not candidate or any(len(curve) != len(candidate) for curve in baseline):
        raise ValueError("wanted at least two curves of the candidate's length, and a step at least")
    ranges = [max(losses) - min(losses) for losses in zip(*baseline, strict=True)]
    means = [sum(losses) / len(losses) for losses in zip(*baseline, strict=True)]
    tolerances = [
        FACTOR * max(*ranges[: max(step, WINDOW)], EPSILON * abs(mean))
        for step, mean in enumerate(means, start=1)
    ]
    distances = [abs(loss - mean) for loss, mean in zip(candidate, means, strict=True)]
    worst = max(range(len(distances)), key=lambda step: distances[step] / tolerances[step])
    return Verdict(
        within=all(distance <= limit for distance, limit in zip(distances, tolerances, strict=True)),
        steps=len(distances),
        worst_step=worst + 1,
        distance=distances[worst],
        tolerance=tolerances[worst],
        spread=max(ranges),
    )
