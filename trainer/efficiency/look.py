"""A look at a training that is over: the record's block `efficiency`, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..config import Config
from ..progress import Progress
from ..recorder import Steps
from ..trained import Trained
from ..world import World
from .measure import measure_efficiency, shape_of
from .profile import NUM_STEPS


@dataclass(kw_only=True, slots=True)
class Counted:
    """A step that knows how often it ran."""

    run: Callable[[], Any]
    runs: int = field(default=0, init=False)

    def __call__(self) -> None:
        """Run it once."""
        self.runs += 1
        self.run()


def look(
    trained: Trained,
    *,
    model: Any,
    config: Config,
    world: World,
    device: Any,
    steps: Steps,
    progress: Progress,
) -> dict[str, Any] | None:
    """The block, on every rank the same; None, with the reason in the log, when a look fails: it costs nothing but itself.

    All ranks call this together. The first one measures, the others run the step as often. When measuring fails, the first
    rank still runs what is left of that number: a collective in the step waits for everybody.
    """
    block, problems = None, []
    step: Counted | None = None
    try:
        step = Counted(run=trained.make_step())
        if world.place.is_first:
            block = measure_efficiency(
                step=step,
                device=device,
                precision=config.precision,
                shape=shape_of(model),
                steps=steps,
                ranks=world.place.size,
                passes=trained.passes,
                input_seconds=trained.input_seconds(),
            )
    except Exception as error:
        problems.append(describe(error))
    try:
        while step is not None and world.place.size > 1 and step.runs < NUM_STEPS:
            step()
        for rank, (told, other) in enumerate(world.gather((block, problems))):
            block = block or told
            problems += [f"rank {rank}: {problem}" for problem in other if rank != world.place.rank]
    except Exception as error:
        problems.append(describe(error))
    if problems:
        progress.note(f"where the time goes is not known, efficiency is null: {'; '.join(problems)}")
        return None
    return block


def describe(error: Exception) -> str:
    """What went wrong, in one line."""
    first = str(error).strip().splitlines()[:1]
    return f"{type(error).__name__}: {first[0]}" if first else type(error).__name__
