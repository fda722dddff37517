"""The verb `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .adapter import save_adapter
from .config import Config
from .data import load_questions
from .device import device_memory, forget_peak, peak_memory_gib
from .efficiency.look import look
from .evaluation import evaluate_model
from .model import add_adapter, check_targets, load_base
from .need import find_need
from .order import Plan, num_steps, plan_order
from .prepare import load_validation, meet
from .progress import Progress
from .record import Findings, check_scores, largest_memory
from .samples import Encoder, Sample, encode_samples
from .walkthrough import train_walkthrough
from .world import World


def run_train(
    config: Config,
    *,
    world: World,
    device: Any,
    directory: Path,
    resume: bool,
    findings: Findings,
    progress: Progress,
) -> None:
    """Load, evaluate untuned, train, save, evaluate tuned, look: in this order, so that a crash keeps the work before it."""
    from .imports import transformers

    meet(config, world, device, findings)
    if config.recipe == "fast":
        from .fast.early import import_compiler_meanwhile

        import_compiler_meanwhile(config, device)
    transformers().set_seed(config.seed)
    wanted = config.evaluation
    progress.phase("load")
    with findings.phase("load"):
        questions = load_questions(config.data, split="train", limit=config.data.train_samples)
        validation = load_validation(config) if wanted.untuned or wanted.tuned else []
        model, tokenizer = load_base(config, device)
        check_targets(model, config.lora)
        modes = None
        if config.recipe == "fast":
            from .fast.run import check_fast

            modes = check_fast(config, model, device, directory, resume=resume, progress=progress)
    progress.phase("tokenise")
    with findings.phase("tokenise"):
        samples, plan = encode_all(questions, tokenizer, config, progress)
    evaluation: dict[str, Any] = {
        "tokenizer": tokenizer,
        "device": device,
        "config": config,
        "world": world,
        "progress": progress,
    }
    if wanted.untuned:
        # Before there is an adapter: the base as it came.
        with findings.phase("evaluateUntuned"):
            findings.untuned = check_scores(
                evaluate_model(validation, model=model, phase="evaluateUntuned", **evaluation)
            )
    # What evaluation took is not what training needs.
    forget_peak(device)
    need = find_need(
        config, model=model, samples=samples, plan=plan, memory=device_memory(device), progress=progress
    )
    transformers().set_seed(config.seed)
    model = add_adapter(model, config.lora)
    shared: dict[str, Any] = {
        "model": model,
        "samples": samples,
        "plan": plan,
        "need": need,
        "directory": directory,
        "world": world,
        "device": device,
        "config": config,
        "progress": progress,
        "findings": findings,
    }
    if modes is not None:
        from .fast.run import train_fast

        trained = train_fast(modes=modes, resume=resume, **shared)
    else:
        trained = train_walkthrough(pad_id=tokenizer.pad_token_id, **shared)
    findings.need = None
    findings.memory = largest_memory(world.gather(peak_memory_gib(device)))
    if world.place.is_first:
        progress.phase("save")
        with findings.phase("save"):
            findings.adapter = save_adapter(model, directory, base_name=config.model.name)
    if wanted.tuned:
        with findings.phase("evaluate"):
            findings.tuned = check_scores(
                evaluate_model(validation, model=model, phase="evaluate", **evaluation)
            )
        resident = [peaks["peakResidentGiB"] for peaks in world.gather(peak_memory_gib(device))]
        findings.memory["peakResidentGiB"] = max(resident)
    if config.profile:
        progress.phase("profile")
        with findings.phase("profile"):
            findings.efficiency = look(
                trained,
                model=model,
                config=config,
                world=world,
                device=device,
                steps=findings.steps,
                progress=progress,
            )


def encode_all(
    questions: list[Any], tokenizer: Any, config: Config, progress: Progress
) -> tuple[list[Sample], Plan]:
    """The samples, and which step takes which of them."""
    training = config.training
    samples, cuts = encode_samples(
        questions,
        Encoder(tokenizer),
        max_length=training.max_length,
        loss_on=training.loss_on,
        too_long=training.too_long,
    )
    if cuts.explanations or cuts.prompts:
        progress.note(
            f"training.maxLength {training.max_length}: of {len(samples)} samples, {cuts.explanations} lost the end of "
            f"their explanation and {cuts.prompts} the beginning of their prompt; no answer was cut"
        )
    plan = plan_order(
        num_samples=len(samples),
        effective_batch=training.effective_batch,
        micro_batch=training.micro_batch,
        ranks=config.world.ranks,
        steps=num_steps(
            num_samples=len(samples),
            effective_batch=training.effective_batch,
            epochs=training.epochs,
            max_steps=training.max_steps,
        ),
        seed=config.seed,
    )
    return samples, plan
