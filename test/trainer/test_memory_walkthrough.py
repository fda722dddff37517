"""The predicted memory of recipe `walkthrough` against what Transformers' Trainer with PEFT holds in a real optimizer step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_config
from memory_models import ALL, ATTENTION, EVEN, RAGGED, drop_as_a_gpu, make_model, make_samples
from storages import Storages

from trainer.imports import transformers
from trainer.memory.job import Job, job_of, pass_of
from trainer.memory.predict import fixed_parts
from trainer.memory.walkthrough import walkthrough_moments
from trainer.parse import parse_config
from trainer.walkthrough import make_arguments, make_loader, token_mean_loss

BAR = 0.05
LARGE, SMALL = 4000, 64
"""Vocabularies: with one the loss needs most, with the other a layer's backward pass."""


class Watched:
    """Two optimizer steps of one micro-batch each; of the second, where gradients and states are there, what it held."""

    def __init__(
        self,
        folder: Path,
        family: str,
        precision: str,
        lengths: Sequence[int],
        *,
        targets: Sequence[str] = ALL,
        rank: int = 8,
        dropout: float = 0.0,
        checkpointing: bool = False,
        vocabulary: int = LARGE,
    ) -> None:
        changes: dict[str, Any] = {
            "precision": precision,
            "lora": {"rank": rank, "alpha": 16, "dropout": dropout, "targets": list(targets)},
            "training__gradientCheckpointing": checkpointing,
            "training__microBatch": len(lengths),
            "training__effectiveBatch": len(lengths),
        }
        config = parse_config(make_config("bundled", "bundled", **changes), source="config.json")
        self.model, shape = make_model(
            family, precision=precision, targets=targets, rank=rank, dropout=dropout, vocabulary=vocabulary
        )
        samples = make_samples(lengths)
        self.job: Job = job_of(config, shape)
        self.run = pass_of([*lengths], [sample.num_targets for sample in samples])
        self.storages = Storages()
        watched = self

        class Trainer(transformers().Trainer):
            """Looks at each step, and at what is held when its loss is known."""

            def get_train_dataloader(self) -> Any:
                return make_loader(samples, [tuple(range(len(samples)))] * 2, 0)

            def compute_loss(self, *arguments: Any, **named: Any) -> Any:
                loss = super().compute_loss(*arguments, **named)
                watched.held = watched.storages.bytes
                return loss

            def training_step(self, *arguments: Any, **named: Any) -> Any:
                watched.storages = Storages()
                with watched.storages:
                    return super().training_step(*arguments, **named)

        trainer = Trainer(
            model=self.model,
            args=make_arguments(
                transformers(), config, device=torch.device("cpu"), directory=folder, num_steps=2
            ),
            compute_loss_func=token_mean_loss,
        )
        trainer.remove_callback(transformers().PrinterCallback)
        trainer.train()
        self.states = trainer.optimizer.state


CASES = [
    ("qwen3", "fp32", RAGGED, {}),
    ("qwen3", "bf16", RAGGED, {"dropout": 0.05, "rank": 32}),
    ("qwen3", "bf16", EVEN, {"checkpointing": True, "targets": ("q_proj", "v_proj")}),
    ("qwen2", "bf16", EVEN, {"targets": ATTENTION, "vocabulary": SMALL}),
    ("qwen2", "fp32", RAGGED, {"checkpointing": True, "vocabulary": SMALL}),
    ("llama", "fp32", EVEN, {"dropout": 0.05, "targets": ("gate_proj", "up_proj", "down_proj")}),
    ("llama", "bf16", EVEN, {"checkpointing": True, "dropout": 0.05, "vocabulary": SMALL}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "precision", "lengths", "changes"), CASES)
def test_a_step_holds_what_was_predicted_at_its_peak_and_when_its_loss_is_known(
    family: str,
    precision: str,
    lengths: Sequence[int],
    changes: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.nn.functional, "dropout", drop_as_a_gpu)
    found = Watched(tmp_path, family, precision, lengths, **changes)
    moments = walkthrough_moments(found.job, found.run)
    predicted = max(sum(parts.values()) for parts in moments.values())
    assert predicted == pytest.approx(found.storages.peak, rel=BAR), found.storages.table()
    # Of the logits, the logarithms of the targets' softmax are left.
    held = moments["loss"]["activations"] + 4 * found.job.shape.vocabulary * found.run.targets
    assert held == pytest.approx(found.held, rel=BAR)


def test_what_is_there_all_the_time_is_predicted_to_the_byte(tmp_path: Path) -> None:
    found = Watched(tmp_path, "qwen3", "bf16", EVEN)
    trained = [parameter for parameter in found.model.parameters() if parameter.requires_grad]
    frozen = [parameter for parameter in found.model.parameters() if not parameter.requires_grad]
    moments = [state[name] for state in found.states.values() for name in ("exp_avg", "exp_avg_sq")]
    assert fixed_parts(found.job) == {
        "weights": sum(parameter.nbytes for parameter in frozen),
        "adapters": sum(parameter.nbytes for parameter in trained),
        # As many: they are given back when the optimizer has used them.
        "gradients": sum(parameter.nbytes for parameter in trained),
        "optimizer": sum(moment.nbytes for moment in moments),
    }
