"""One run from a config to what it found: the verbs `train`, `evaluate` and `generate` share these moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .adapter import save_adapter
from .config import Config
from .data import load_questions
from .device import choose_device, device_kind, peak_memory_gib
from .evaluation import evaluate_model
from .facts import installed_facts
from .model import add_adapter, load_adapter, load_base
from .order import num_steps, plan_order
from .progress import Progress
from .prompt import Question, render_option
from .record import Findings, check_scores, largest_memory
from .samples import Encoder, encode_samples
from .scoring import encode_questions
from .walkthrough import train
from .world import Place, World
from .writing import write_texts


def import_everything(findings: Findings, progress: Progress) -> None:
    """Pay for the imports at once, so that no other phase pays for them."""
    progress.phase("import")
    with findings.phase("import"):
        from .imports import peft, transformers

        package = transformers()
        _ = package.Trainer, package.AutoModelForCausalLM, package.AutoTokenizer
        peft()


def prepare_device(config: Config, place: Place, findings: Findings) -> Any:
    """Threads and device, before anything is put on it."""
    import torch

    if config.threads is not None:
        torch.set_num_threads(config.threads)
    device = choose_device(config, place)
    findings.device = device_kind(device)
    return device


def run_train(
    config: Config, *, world: World, device: Any, directory: Path, findings: Findings, progress: Progress
) -> None:
    """Load, evaluate untuned, train, save, evaluate tuned: the last two in this order, so that a crash keeps the work."""
    from .imports import transformers

    _meet(config, world, device, findings)
    transformers().set_seed(config.seed)
    training, wanted = config.training, config.evaluation
    progress.phase("load")
    with findings.phase("load"):
        questions = load_questions(config.data, split="train", limit=config.data.train_samples)
        validation = _validation(config) if wanted.untuned or wanted.tuned else []
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
    with findings.phase("train"):
        train(
            model=model,
            pad_id=tokenizer.pad_token_id,
            samples=samples,
            plan=plan,
            rank=world.place.rank,
            device=device,
            config=config,
            directory=directory,
            progress=progress,
            steps=findings.steps,
        )
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


def run_evaluate(
    config: Config,
    *,
    world: World,
    device: Any,
    adapter: Path | None,
    findings: Findings,
    progress: Progress,
) -> None:
    """Ask the base, or an adapter trained before, all validation questions."""
    _meet(config, world, device, findings)
    progress.phase("load")
    with findings.phase("load"):
        validation = _validation(config)
        model, tokenizer = load_base(config, device)
        if adapter is not None:
            model = load_adapter(model, adapter)
    with findings.phase("evaluate"):
        answers = check_scores(
            evaluate_model(
                validation,
                model=model,
                tokenizer=tokenizer,
                device=device,
                config=config,
                world=world,
                progress=progress,
                phase="evaluate",
            )
        )
    if adapter is None:
        findings.untuned = answers
    else:
        findings.tuned = answers
    findings.memory = largest_memory(world.gather(peak_memory_gib(device)))


def run_generate(
    config: Config,
    *,
    world: World,
    device: Any,
    adapter: Path | None,
    samples: int,
    new_tokens: int,
    findings: Findings,
    progress: Progress,
) -> list[dict[str, Any]]:
    """What the model writes for the first validation questions."""
    _meet(config, world, device, findings)
    progress.phase("load")
    with findings.phase("load"):
        questions = _validation(config)[:samples]
        model, tokenizer = load_base(config, device)
        if adapter is not None:
            model = load_adapter(model, adapter)
    asked = encode_questions(questions, Encoder(tokenizer))
    texts = write_texts(
        [question.prompt for question in asked],
        model=model,
        tokenizer=tokenizer,
        device=device,
        precision=config.precision,
        batch=config.evaluation.batch,
        max_new_tokens=new_tokens,
        on_batch=lambda done, total: progress.update("generate", done, total),
    )
    return [
        {
            "id": question.id,
            "question": question.text,
            "gold": render_option(question, question.gold),
            "text": texts[index],
        }
        for index, question in enumerate(questions)
    ]


def _validation(config: Config) -> list[Question]:
    return load_questions(config.data, split="validation", limit=config.data.validation_samples)


def _meet(config: Config, world: World, device: Any, findings: Findings) -> None:
    """Tell each other what every node found, and refuse ranks that were given different configs."""
    findings.transport = world.transport
    node = config.world.nodes[world.place.rank // config.world.ranks_per_node]
    for name, facts in world.gather((node, json.loads(json.dumps(installed_facts(device))))):
        findings.installed.setdefault(name, facts)
