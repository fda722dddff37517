"""The memory that this run will need of its accelerator, as predicted from its own samples; and what to say when it lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .config import Config
from .device import DeviceMemory
from .errors import RocmarkError
from .memory.fit import out_of_memory_hint
from .memory.gpus import usable_gib
from .memory.job import pass_of
from .memory.predict import Prediction, predict, predict_run
from .order import Plan
from .progress import Progress
from .samples import Sample

if TYPE_CHECKING:
    from .fast.modes import Modes


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One training with settled settings; see `as_run` for other ones."""

    config: Config
    model_config: dict[str, Any]
    """The model's config.json."""
    lengths: Sequence[int]
    """Tokens of each sample."""
    targets: Sequence[int]
    """Tokens of each sample that carry loss."""
    plan: Plan
    memory: DeviceMemory
    recompute: bool = False

    @property
    def usable_gib(self) -> float:
        """What of the device this process may fill, the reserve of a plan left out."""
        return usable_gib(self.memory.room_gib)

    def as_run(self, modes: Modes) -> Need:
        """The same training as recipe `fast` will really run it."""
        fast = dataclasses.replace(
            self.config.fast,
            attention=modes.attention,
            compile="on" if modes.compiled else "off",
            samples_at_once=modes.samples_at_once,
        )
        config = dataclasses.replace(self.config, fast=fast)
        return dataclasses.replace(self, config=config, recompute=modes.recompute)

    def predict(self) -> Prediction:
        """The peak, at its most demanding pass on whichever rank."""
        accelerator = self.memory.accelerator
        found = predict_run(
            self.config, self.model_config, self.lengths, self.targets, self.plan, accelerator=accelerator
        )
        if not self.recompute:
            return found
        return predict(
            dataclasses.replace(found.job, checkpointing=True), found.demanding, accelerator=accelerator
        )

    def hint(self) -> str:
        """What to say when the memory did not suffice.

        A batch is taken to be the longest samples with the most targets, so that its need never falls as it grows.
        """
        found = self.predict()
        lengths, targets = sorted(self.lengths, reverse=True), sorted(self.targets, reverse=True)

        def needed(samples: int) -> float:
            if samples > len(lengths):
                return float("inf")
            run = pass_of(lengths[:samples], targets[:samples])
            return predict(found.job, run, accelerator=self.memory.accelerator).peak_gib

        return out_of_memory_hint(found, self.memory.total_gib, needed=needed)


def find_need(
    config: Config,
    *,
    model: Any,
    samples: Sequence[Sample],
    plan: Plan,
    memory: DeviceMemory | None,
    progress: Progress,
) -> Need | None:
    """What is needed of an accelerator; None on a CPU, and for a model that cannot be predicted, which the log says."""
    if memory is None:
        return None
    need = Need(
        config=config,
        model_config=model.config.to_dict(),
        lengths=[len(sample.input_ids) for sample in samples],
        targets=[sample.num_targets for sample in samples],
        plan=plan,
        memory=memory,
    )
    try:
        need.predict()
    except RocmarkError as refusal:
        progress.note(f"the memory of this run is not predicted: {refusal.message}")
        return None
    return need
