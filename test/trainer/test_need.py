"""A run and the memory it needs: in the record on an accelerator, in the choice of passes, and in what an error says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_config
from running import attempt

from trainer.attempt import explain
from trainer.device import DeviceMemory
from trainer.memory.predict import predict_run
from trainer.need import Need, find_need
from trainer.order import plan_order
from trainer.parse import parse_config
from trainer.progress import Progress
from trainer.samples import Sample

QUIET = {"untuned": False, "tuned": False, "letters": False, "batch": 4}
SAMPLES = [Sample(input_ids=(1,) * 40, labels=(-100,) * 20 + (1,) * 20) for _ in range(8)]
PLAN = plan_order(num_samples=8, effective_batch=8, micro_batch=2, ranks=1, steps=1, seed=0)


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    return make_config(model_folder, data_folder, recipe="fast", evaluation=QUIET, training__maxSteps=1)


def pretend(monkeypatch: pytest.MonkeyPatch, gib: float) -> None:
    """A GPU of so much memory, as far as the run's need is concerned; it still computes on the CPU."""
    memory = DeviceMemory(accelerator="rocm", total_gib=gib, room_gib=gib)
    monkeypatch.setattr("trainer.tune.device_memory", lambda device: memory)


@pytest.mark.parametrize("recipe", ["walkthrough", "fast"])
def test_the_record_says_what_was_predicted(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    pretend(monkeypatch, 64)
    code, record = attempt(config | {"recipe": recipe}, tmp_path)
    assert code == 0, record["error"]
    # The workspace of ROCm's matrix library alone is a quarter of a GiB (memory.predict.WORKSPACE).
    assert 0.25 < record["memory"]["predictedGiB"] < 0.3


def test_on_a_cpu_nothing_is_predicted(config: dict[str, Any], tmp_path: Path) -> None:
    _, record = attempt(config, tmp_path)
    assert record["memory"]["predictedGiB"] is None
    assert record["memory"]["peakAllocatedGiB"] is None
    assert record["memory"]["peakResidentGiB"] > 0


def test_passes_shrink_to_what_the_device_has_and_the_loss_stays(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = config | {"lora": config["lora"] | {"dropout": 0}}
    _, whole = attempt(settings, tmp_path / "whole")
    pretend(monkeypatch, 0.1)
    code, record = attempt(settings, tmp_path / "short")
    assert code == 0, record["error"]
    said = capfd.readouterr().err
    assert "fast.samplesAtOnce: 1 of 8 samples a pass, activations computed again" in said
    assert "nothing smaller is left" in said
    assert record["steps"]["loss"] == pytest.approx(whole["steps"]["loss"], rel=1e-6)
    assert record["steps"]["gradientNorm"] == pytest.approx(whole["steps"]["gradientNorm"], rel=1e-5)


def test_passes_that_the_config_names_are_taken_as_they_are(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, 0.1)
    code, _ = attempt(config | {"fast": config["fast"] | {"samplesAtOnce": 4}}, tmp_path)
    assert code == 0
    assert "fast.samplesAtOnce:" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "place", "key"),
    [
        ("fast", "trainer.fast.session.update", "fast.samplesAtOnce"),
        ("walkthrough", "trainer.walkthrough.micro_batch_seed", "training.microBatch"),
    ],
)
def test_a_run_that_lacks_memory_says_what_it_was_to_need_and_what_should_fit(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, place: str, key: str
) -> None:
    def lack(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("HIP out of memory. Tried to allocate 2.00 GiB.")

    _, fitting = attempt_with(config, tmp_path / "fits", monkeypatch, recipe, 64)
    need = fitting["memory"]["predictedGiB"]
    # A device that holds a little less than what is predicted, its reserve of 8 % set aside.
    pretend(monkeypatch, 0.999 * need / 0.92)
    monkeypatch.setattr(place, lack)
    four = config["fast"] | {"samplesAtOnce": 4}
    code, record = attempt(config | {"recipe": recipe, "fast": four}, tmp_path / "lacks")
    assert (code, record["outcome"], record["error"]["code"]) == (1, "out-of-memory", "E_OUT_OF_MEMORY")
    message = record["error"]["message"]
    assert "HIP out of memory. Tried to allocate 2.00 GiB" in message
    assert "Training's predicted peak 0.3 GiB at" in message
    assert f"{key} " in message and "should fit." in message
    assert record["memory"]["predictedGiB"] is not None


def attempt_with(
    config: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, gib: float
) -> tuple[int, dict[str, Any]]:
    pretend(monkeypatch, gib)
    four = config["fast"] | {"samplesAtOnce": 4}
    return attempt(config | {"recipe": recipe, "fast": four}, folder)


def test_memory_that_evaluation_lacks_is_not_explained_by_training(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("HIP out of memory.")

    pretend(monkeypatch, 64)
    monkeypatch.setattr("trainer.tune.evaluate_model", lack)
    code, record = attempt(config | {"evaluation": QUIET | {"tuned": True}}, tmp_path)
    assert (code, record["outcome"]) == (1, "out-of-memory")
    assert "evaluation.batch" in record["error"]["message"]
    assert "predicted" not in record["error"]["message"]
    # The adapter was saved before.
    assert record["adapter"] is not None


def test_memory_of_the_machine_is_not_that_of_its_gpu(config: dict[str, Any]) -> None:
    need = make_need(config, 1.0)
    assert "predicted" in explain(torch.OutOfMemoryError("x"), need).message
    assert "predicted" not in explain(MemoryError("x"), need).message


def make_need(config: dict[str, Any], gib: float) -> Need:
    from trainer.imports import transformers

    settings = transformers().AutoConfig.from_pretrained(config["model"]["name"])
    return Need(
        config=parse_config(config, source="c"),
        model_config=settings.to_dict(),
        lengths=[40] * 8,
        targets=[20] * 8,
        plan=PLAN,
        memory=DeviceMemory(accelerator="cuda", total_gib=gib, room_gib=gib),
    )


def test_the_prediction_is_that_of_the_plans_own_passes(config: dict[str, Any]) -> None:
    need = make_need(config, 1.0)
    wanted = predict_run(need.config, need.model_config, need.lengths, need.targets, PLAN, accelerator="cuda")
    assert need.predict() == wanted


class Other:
    """A model of a family whose memory is not known."""

    class config:
        @staticmethod
        def to_dict() -> dict[str, Any]:
            return {"model_type": "gpt2"}


def test_a_model_that_cannot_be_predicted_has_no_need_and_the_log_says_why(
    config: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    memory = DeviceMemory(accelerator="rocm", total_gib=64, room_gib=64)
    found = find_need(
        parse_config(config | {"recipe": "walkthrough"}, source="c"),
        model=Other(),
        samples=SAMPLES,
        plan=PLAN,
        memory=memory,
        progress=Progress(rank=0),
    )
    assert found is None
    said = capfd.readouterr().err
    assert "the memory of this run is not predicted" in said
    assert "found 'gpt2'" in said
