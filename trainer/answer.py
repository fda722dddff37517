"""The verbs `evaluate` and `generate`: a model, or an adapter on it, and the validation questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import Config
from .device import peak_memory_gib
from .evaluation import evaluate_model
from .model import load_adapter, load_base
from .prepare import load_validation, meet
from .progress import Progress
from .prompt import render_option
from .record import Findings, check_scores, largest_memory
from .samples import Encoder
from .scoring import encode_questions
from .world import World
from .writing import write_texts


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
    meet(config, world, device, findings)
    progress.phase("load")
    with findings.phase("load"):
        validation = load_validation(config)
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
    meet(config, world, device, findings)
    progress.phase("load")
    with findings.phase("load"):
        questions = load_validation(config)[:samples]
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
