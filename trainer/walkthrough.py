"""The recipe `walkthrough`: Transformers' Trainer and PEFT, with the order of samples and the clock in our hands.

Differs from the published script where that was at fault: the loss is the exact mean over the target tokens of the
whole effective batch, over accumulation steps and ranks; the order of samples and the dropout depend on the seed alone
and not on the number of ranks; a step that is not finite ends the run instead of being averaged away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .config import Config
from .efficiency.repeat import repeat_trainer_step, typical_step_of, wait_for_inputs
from .need import Need
from .order import Plan, micro_batch_seed
from .progress import Progress
from .record import Findings
from .recorder import make_recorder
from .samples import IGNORED, Sample, collate
from .trained import Trained
from .world import World


def train_walkthrough(
    *,
    model: Any,
    pad_id: int,
    samples: Sequence[Sample],
    plan: Plan,
    need: Need | None,
    directory: Path,
    world: World,
    device: Any,
    config: Config,
    progress: Progress,
    findings: Findings,
) -> Trained:
    """Train the adapter of `model` in place; the steps fill up as it goes, so that a failed run keeps what it measured."""
    from .imports import transformers

    if need is not None:
        findings.need, findings.predicted_gib = need, need.predict().peak_gib
    package = transformers()
    batches = plan.micro_batches_of(world.place.rank)
    recorder = make_recorder(
        samples=samples, plan=plan, device=device, progress=progress, steps=findings.steps
    )

    class PlannedTrainer(package.Trainer):
        """Transformers' Trainer over micro-batches that were planned before."""

        taken = 0

        def get_train_dataloader(self) -> Any:
            return make_loader(samples, [indexes for _, (_, indexes) in batches], pad_id)

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            import torch

            step, (number, _) = batches[self.taken]
            self.taken += 1
            torch.manual_seed(micro_batch_seed(seed=config.seed, step=step, number=number))
            return super().training_step(model, inputs, num_items_in_batch)

    with findings.phase("train"):
        trainer = PlannedTrainer(
            model=model,
            args=make_arguments(
                package, config, device=device, directory=directory, num_steps=len(plan.steps)
            ),
            compute_loss_func=token_mean_loss,
        )
        trainer.remove_callback(package.PrinterCallback)
        recorder.trainer = trainer
        trainer.add_callback(recorder)
        trainer.train()
    return look_back(trainer, samples, plan, world.place.rank, pad_id)


def look_back(trainer: Any, samples: Sequence[Sample], plan: Plan, rank: int, pad_id: int) -> Trained:
    """What the profile needs of a Trainer that has trained."""
    typical = typical_step_of(samples, plan)
    indexes = [members for step, (_, members) in plan.micro_batches_of(rank) if step == typical]

    def load() -> Any:
        return make_loader(samples, indexes, pad_id)

    return Trained(
        make_step=lambda: repeat_trainer_step(trainer, list(load())),
        passes=len(indexes),
        input_seconds=lambda: wait_for_inputs(load),
    )


def make_arguments(package: Any, config: Config, *, device: Any, directory: Path, num_steps: int) -> Any:
    """The published settings, from the config; everything that a default could change is said."""
    training = config.training
    arguments = package.TrainingArguments(
        output_dir=str(directory),
        max_steps=num_steps,
        per_device_train_batch_size=training.micro_batch,
        gradient_accumulation_steps=config.accumulation_steps,
        learning_rate=training.learning_rate,
        lr_scheduler_type="constant_with_warmup" if training.schedule == "constant" else training.schedule,
        warmup_steps=math.ceil(round(training.warmup_ratio * num_steps, 6)),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_gradient_norm,
        optim="adamw_torch",
        fp16=config.precision == "fp16",
        bf16=config.precision == "bf16",
        gradient_checkpointing=training.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        average_tokens_across_devices=True,
        ddp_find_unused_parameters=False,
        ddp_timeout=math.ceil(config.world.timeout_seconds),
        ddp_backend=make_backend(config, device),
        use_cpu=device.type == "cpu",
        seed=config.seed,
        data_seed=config.seed,
        dataloader_num_workers=0,
        dataloader_pin_memory=device.type == "cuda",
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
    # One process drives one device: with several in sight, Trainer would wrap the model in DataParallel.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def make_backend(config: Config, device: Any) -> str | None:
    """What the Trainer must take the process group for, None for one process alone."""
    if config.world.ranks == 1:
        return None
    if config.world.transport == "auto":
        return "nccl" if device.type == "cuda" else "gloo"
    return config.world.transport


def token_mean_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    """Cross-entropy summed over this micro-batch's targets, over the number of targets of the whole effective batch.

    In fp32, and only where there is a target: the logits of the prompt are never upcast.
    """
    import torch

    targets = labels[:, 1:]
    chosen = targets != IGNORED
    logits = outputs["logits"][:, :-1][chosen].float()
    total = torch.nn.functional.cross_entropy(logits, targets[chosen], reduction="sum")
    return total / num_items_in_batch


def make_loader(samples: Sequence[Sample], batches: list[tuple[int, ...]], pad_id: int) -> Any:
    """A loader of planned micro-batches, in their order."""
    from torch.utils.data import DataLoader

    return DataLoader(
        samples,
        batch_sampler=batches,
        collate_fn=lambda chosen: collate(chosen, pad_id=pad_id),
    )
