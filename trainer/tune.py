"""The verb `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .adapter import save_adapter
from .config import Config
from .data import load_questions
from .device import peak_memory_gib, synchronise
from .evaluation import evaluate_model
from .model import add_adapter, load_base
from .order import num_steps, plan_order
from .prepare import load_validation, meet
from .progress import Progress
from .record import Findings, check_scores, largest_memory
from .samples import Encoder, encode_samples
from .walkthrough import train
from .world import World


def run_train(
    config: Config, *, world: World, device: Any, directory: Path, findings: Findings, progress: Progress
) -> None:
    """Load, evaluate untuned, train, save, evaluate tuned: the last two in this order, so that a crash keeps the work."""
    from .imports import transformers

    meet(config, world, device, findings)
    transformers().set_seed(config.seed)
    training, wanted = config.training, config.evaluation
    progress.phase("load")
    with findings.phase("load"):
        questions = load_questions(config.data, split="train", limit=config.data.train_samples)
        validation = load_validation(config) if wanted.untuned or wanted.tuned else []
        model, tokenizer = load_base(config, device)
    progress.phase("tokenise")
    with findings.phase("tokenise"):
        samples, cuts = encode_samples(
            questions, Encoder(tokenizer), max_length=training.max_length, loss_on=training.loss_on
        )
        steps = num_steps(
            num_samples=len(samples),
            effective_batch=training.effective_batch,
            epochs=training.epochs,
            max_steps=training.max_steps,
        )
        plan = plan_order(
            num_samples=len(samples),
            effective_batch=training.effective_batch,
            micro_batch=training.micro_batch,
            ranks=world.place.size,
            steps=steps,
            seed=config.seed,
        )
    if cuts.explanations or cuts.prompts:
        progress.note(
            f"training.maxLength {training.max_length}: of {len(samples)} samples, {cuts.explanations} lost the end of "
            f"their explanation and {cuts.prompts} the beginning of their prompt; no answer was cut"
        )
    evaluation: dict[str, Any] = {"tokenizer": tokenizer, "device": device, "config": config, "world": world}
    if wanted.untuned:
        # Before there is an adapter: the base as it came.
        with findings.phase("evaluateUntuned"):
            findings.untuned = check_scores(
                evaluate_model(
                    validation, model=model, progress=progress, phase="evaluateUntuned", **evaluation
                )
            )
    transformers().set_seed(config.seed)
    model = add_adapter(model, config.lora)
    shared: dict[str, Any] = {
        "model": model,
        "samples": samples,
        "plan": plan,
        "device": device,
        "config": config,
        "progress": progress,
        "steps": findings.steps,
    }
    if config.recipe == "fast":
        train_fast(world=world, findings=findings, **shared)
    else:
        with findings.phase("train"):
            train(pad_id=tokenizer.pad_token_id, rank=world.place.rank, directory=directory, **shared)
    if world.place.is_first:
        progress.phase("save")
        with findings.phase("save"):
            findings.adapter = save_adapter(model, directory, base_name=config.model.name)
    if wanted.tuned:
        with findings.phase("evaluate"):
            findings.tuned = check_scores(
                evaluate_model(validation, model=model, progress=progress, phase="evaluate", **evaluation)
            )
    findings.memory = largest_memory(world.gather(peak_memory_gib(device)))


def train_fast(*, findings: Findings, progress: Progress, device: Any, **settings: Any) -> None:
    """The recipe `fast`: its preparation is a phase of its own, so that the first step costs what every step costs."""
    from .fast.session import Session

    progress.phase("compile")
    with findings.phase("compile"):
        session = Session(progress=progress, device=device, **settings)
        session.prepare()
        synchronise(device)
    progress.phase("train")
    with findings.phase("train"):
        session.train()
        session.finish()
