"""A whole training by the recipe `fast`: how to go about it, from where, and its phases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..config import Config
from ..device import synchronise
from ..need import Need
from ..order import Plan
from ..progress import Progress
from ..record import Findings
from ..samples import Sample
from ..trained import Trained
from ..world import World
from .architecture import read_architecture
from .checkpoints import Checkpoints, Stand, read_stand, refuse_leftovers
from .compile_cache import KernelWatch, count_cache, judge_cache
from .identity import identify
from .modes import Modes, describe_sizing, fit_modes, settle_modes
from .session import Session


def check_fast(
    config: Config, model: Any, device: Any, directory: Path, *, resume: bool, progress: Progress
) -> Modes:
    """Refuse what cannot be trained here, before anything has taken time."""
    if config.fast.checkpoint_every is not None and not resume:
        refuse_leftovers(directory)
    architecture = read_architecture(model.config, config.lora.targets)
    return settle_modes(config, architecture, device, progress.note)


def train_fast(
    *,
    model: Any,
    samples: Sequence[Sample],
    plan: Plan,
    modes: Modes,
    need: Need | None,
    resume: bool,
    directory: Path,
    world: World,
    device: Any,
    config: Config,
    progress: Progress,
    findings: Findings,
) -> Trained:
    """Train the adapter of `model` in place. Preparation is a phase, so that the first step costs what every step costs."""
    progress.phase("compile")
    with findings.phase("compile"):
        stand, checkpoints = None, None
        every = config.fast.checkpoint_every
        if resume or every is not None:
            identity = identify(config, model=model, samples=samples, plan=plan)
            stand = (
                read_stand(directory, identity=identity, world=world, progress=progress) if resume else None
            )
        modes = choose_passes(modes, stand, need, config=config, world=world, progress=progress)
        if need is not None:
            findings.need = need.as_run(modes)
            findings.predicted_gib = findings.need.predict().peak_gib
        if every is not None:
            checkpoints = Checkpoints(
                directory=directory,
                every=every,
                identity=identity,
                modes=modes,
                is_first=world.place.is_first,
            )
        session = Session(
            model=model,
            samples=samples,
            plan=plan,
            world=world,
            device=device,
            config=config,
            progress=progress,
            steps=findings.steps,
            modes=modes,
            checkpoints=checkpoints,
        )
        if stand is not None:
            session.go_on_from(stand)
            findings.resumed_from = stand.step
            progress.note(f"--resume: goes on after step {stand.step} of {len(plan.steps)}")
        count = KernelWatch().counts if modes.direct else count_cache if modes.compiled else None
        before = count and count()
        session.prepare()
        if count is not None and before is not None:
            findings.compile_cache = judge_cache(before, count())
        synchronise(device)
    progress.phase("train")
    findings.phases["train"] = stand.seconds if stand is not None else 0.0
    with findings.phase("train"):
        session.train()
        session.finish()
    return session.trained()


def choose_passes(
    modes: Modes, stand: Stand | None, need: Need | None, *, config: Config, world: World, progress: Progress
) -> Modes:
    """The same on every rank: those of the checkpoint, those of the config, or what the fullest device still holds."""
    if stand is not None:
        return stand.modes
    if need is None or modes.samples_at_once is not None:
        return modes
    share = config.training.effective_batch // config.world.ranks
    usable = min(world.gather(need.usable_gib))
    fitted, sizing = fit_modes(
        modes, need, share=share, usable_gib=usable, graphs_wanted=config.fast.graphs == "on"
    )
    progress.note(describe_sizing(sizing, share=share, usable_gib=usable))
    return fitted
