"""Whole trainings: `fast` against Transformers' Trainer and PEFT, step for step, and what becomes of its adapter."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Trainer, make_config, record_of
from running import attempt

from trainer.imports import peft, transformers

QUIET = {"untuned": False, "tuned": False, "letters": False, "batch": 4}
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BOUND = 1e-5


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    """Eight steps of eight samples, with weight decay, clipping and a schedule that bends."""
    return make_config(
        model_folder, data_folder, recipe="fast", evaluation=QUIET, training__epochs=6, training__weightDecay=0.1,
        lora__dropout=0, lora__targets=ALL, training__maxGradientNorm=0.5,
    )  # fmt: skip


def in_passes_of(config: dict[str, Any], samples: int | None, **changes: Any) -> dict[str, Any]:
    return config | {"fast": config["fast"] | {"samplesAtOnce": samples}} | changes


@pytest.fixture(scope="module")
def trained(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What `fast` leaves, a step in one pass."""
    folder = tmp_path_factory.mktemp("fast")
    code, record = attempt(config, folder)
    assert code == 0, record["error"]
    return record, folder / "adapter"


def same_curve(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found["steps"]["tokens"] == wanted["steps"]["tokens"]
    assert found["steps"]["targetTokens"] == wanted["steps"]["targetTokens"]
    assert found["steps"]["loss"] == pytest.approx(wanted["steps"]["loss"], rel=BOUND)
    assert found["steps"]["gradientNorm"] == pytest.approx(wanted["steps"]["gradientNorm"], rel=1e-4)


def weights_of(adapter: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(adapter / "adapter_model.safetensors")


def test_every_steps_loss_is_that_of_trainer_and_peft(
    config: dict[str, Any], trained: Any, tmp_path: Path
) -> None:
    code, wanted = attempt(config | {"recipe": "walkthrough"}, tmp_path)
    assert code == 0, wanted["error"]
    assert len(wanted["steps"]["loss"]) == 8
    # It learns: a curve that stayed where it began would agree with anything.
    assert wanted["steps"]["loss"][-1] < wanted["steps"]["loss"][0] - 0.2
    assert max(wanted["steps"]["gradientNorm"]) > 0.2
    same_curve(trained[0], wanted)
    found, peft_found = weights_of(trained[1]), weights_of(tmp_path / "adapter")
    assert found.keys() == peft_found.keys()
    for name, tensor in peft_found.items():
        # AdamW divides by the root of the second moment: where a gradient is next to nothing, its rounding counts.
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-3 * tensor.abs().max().item())


@pytest.mark.parametrize("samples", [3, 1])
def test_accumulating_over_passes_is_the_same_training(
    config: dict[str, Any], trained: Any, tmp_path: Path, samples: int
) -> None:
    code, record = attempt(in_passes_of(config, samples), tmp_path)
    assert code == 0, record["error"]
    same_curve(record, trained[0])


def test_two_ranks_that_accumulate_are_the_same_training_as_one(
    config: dict[str, Any], trained: Any, run_trainer: Trainer
) -> None:
    # Passes of three and one sample on each rank, so that the mean of the passes' means would be another number.
    world = config["world"] | {"nodes": ["node-0", "node-1"]}
    done = run_trainer(in_passes_of(config, 3, world=world, profile=True), ranks=2)
    record = record_of(done)
    assert done.returncode == 0, done.stderr
    assert record["world"]["transport"] == "gloo"
    same_curve(record, trained[0])
    # Both ranks took part in the look, and what they told each other is in it.
    assert record["efficiency"]["shares"]["communication"] > 0
    assert record["efficiency"]["passTokens"] == pytest.approx(
        sorted(record["steps"]["tokens"])[4] / 4, rel=0.2
    )


def test_the_adapter_loads_in_peft_and_gives_the_logits_that_training_ended_with(
    config: dict[str, Any], trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.fast.session import Session

    seen: dict[str, torch.Tensor] = {}
    finish = Session.finish

    def remember(self: Any) -> None:
        _, inputs, longest = self._passes[0][0]
        seen["ids"], seen["starts"] = inputs.ids, inputs.starts
        seen["logits"] = self._network.logits(inputs, longest=longest)
        finish(self)

    monkeypatch.setattr(Session, "finish", remember)
    _, record = attempt(config, tmp_path)
    assert record["adapter"]["sha256"] == trained[0]["adapter"]["sha256"]
    base = transformers().AutoModelForCausalLM.from_pretrained(config["model"]["name"])
    model = peft().PeftModel.from_pretrained(base, str(trained[1])).eval()
    starts = seen["starts"].tolist()
    with torch.no_grad():
        for begin, end in itertools.pairwise(starts):
            logits = model(input_ids=seen["ids"][begin:end].unsqueeze(0)).logits[0]
            torch.testing.assert_close(seen["logits"][begin:end], logits, rtol=1e-4, atol=1e-4)


def test_evaluation_drops_nothing(config: dict[str, Any], tmp_path: Path) -> None:
    changed = config | {"lora": config["lora"] | {"dropout": 0.5}, "evaluation": QUIET | {"tuned": True}}
    _, record = attempt(changed, tmp_path)
    _, again = attempt(
        changed | {"seed": 43}, tmp_path / "again", verb="evaluate", adapter=tmp_path / "adapter"
    )
    for mine, theirs in zip(again["evaluation"]["tuned"], record["evaluation"]["tuned"], strict=True):
        assert mine["logProbabilities"] == pytest.approx(theirs["logProbabilities"], rel=1e-6)
