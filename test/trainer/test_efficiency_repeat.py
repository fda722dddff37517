"""A step of the Trainer, repeated: it works as training does, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.config import Lora
from trainer.efficiency.repeat import repeat_trainer_step, typical_step
from trainer.imports import transformers
from trainer.model import add_adapter
from trainer.samples import IGNORED
from trainer.walkthrough import token_mean_loss

BATCHES = [
    {
        "input_ids": torch.tensor([[1, 2, 3, 4 + number]]),
        "attention_mask": torch.ones(1, 4, dtype=torch.long),
        "labels": torch.tensor([[IGNORED, IGNORED, 3, 4 + number]]),
    }
    for number in range(2)
]


@pytest.fixture(scope="module")
def trainer(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Trainer that has trained one step of two micro-batches."""
    package = transformers()
    model = package.AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    model = add_adapter(model, Lora(rank=4, alpha=8, dropout=0.5, targets=("q_proj", "v_proj")))
    arguments = package.TrainingArguments(
        output_dir=str(tmp_path_factory.mktemp("out")), max_steps=1, per_device_train_batch_size=1,
        gradient_accumulation_steps=2, use_cpu=True, report_to="none", save_strategy="no", disable_tqdm=True,
        remove_unused_columns=False, learning_rate=0.1,
    )  # fmt: skip
    samples = [{key: value[0] for key, value in batch.items()} for batch in BATCHES]
    found = package.Trainer(
        model=model, args=arguments, train_dataset=samples, compute_loss_func=token_mean_loss
    )
    found.train()
    return found


def test_leaves_adapter_gradients_mode_and_random_numbers_as_they_were(trainer: Any) -> None:
    model = trainer.model.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    repeat_trainer_step(trainer, BATCHES)()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training


def test_goes_forward_and_backward_through_every_micro_batch(trainer: Any) -> None:
    seen: list[int] = []
    adapter = next(parameter for parameter in trainer.model.parameters() if parameter.requires_grad)
    hook = adapter.register_hook(lambda gradient: seen.append(gradient.numel()))
    try:
        repeat_trainer_step(trainer, BATCHES)()
    finally:
        hook.remove()
    assert seen == [adapter.numel()] * 2


def test_its_loss_is_over_the_targets_of_all_micro_batches(trainer: Any, monkeypatch: Any) -> None:
    targets: list[int] = []

    def remember(outputs: Any, labels: Any, num_items_in_batch: Any) -> Any:
        targets.append(int(num_items_in_batch))
        return token_mean_loss(outputs, labels, num_items_in_batch)

    monkeypatch.setattr(trainer, "compute_loss_func", remember)
    repeat_trainer_step(trainer, BATCHES)()
    assert targets == [4, 4]


def test_the_typical_step_is_the_one_in_the_middle() -> None:
    assert typical_step([900, 100, 500]) == 2
    assert typical_step([900, 100, 500, 400]) == 3
    assert typical_step([7]) == 0
