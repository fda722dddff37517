"""The record's block: from numbers, and measured on a tiny model on a CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from conftest import ROOT

from trainer.config import Lora
from trainer.efficiency.ceilings import Ceilings, choose_size, measure_ceilings
from trainer.efficiency.measure import describe_efficiency, measure_efficiency, shape_of
from trainer.efficiency.profile import Profile, kernels, profile_step, trace
from trainer.efficiency.shares import shares_of
from trainer.efficiency.work import Shape
from trainer.imports import transformers
from trainer.model import add_adapter
from trainer.recorder import Steps

SCHEMA = json.loads((ROOT / "trainer/schema/record.schema.json").read_text())["properties"]["efficiency"]
CPU = torch.device("cpu")
SHAPE = Shape(body=((2, 3), (3, 2)), head=(2, 10))
CEILINGS = Ceilings(
    matmul_tflops=1e-6, best_matmul_tflops=2e-6, copy_gbs=5, best_copy_gbs=6, precision="fp16", size=8192
)


def load(folder: Path) -> Any:
    return transformers().AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def test_the_block_from_numbers_is_one_ranks_and_the_medians_of_its_steps() -> None:
    steps = Steps(seconds=[9.0, 0.5, 0.4], tokens=[200, 200, 400], target_tokens=[10, 10, 20])
    profile = Profile(shares=shares_of([], wall_seconds=1), seconds=1, steps=3)
    block = describe_efficiency(
        shape=SHAPE, steps=steps, ranks=2, passes=5, bytes_a_value=2, ceilings=CEILINGS, profile=profile
    )
    jsonschema.validate(block, SCHEMA)
    # A rank's 100 tokens and 5 targets: 4 x (12 x 100 + 20 x 5) = 5200 FLOP, in 9, 0.5 and (twice that) 0.4 seconds.
    assert block["usefulTflopPerStep"] == pytest.approx(5200e-12)
    assert block["achievedTflops"] == pytest.approx(5200e-12 / 0.5)
    assert block["ceilingShare"] == pytest.approx(5200e-12 / 0.5 / 1e-6)
    assert block["bytesPerStep"] == 2 * (2 * 5 * 32 + 2 * 100 * 10 + 2 * 5 * 12)
    assert block["passTokens"] == 20
    assert block["ceilings"] == {"matmulTflops": 1e-6, "copyGBs": 5, "precision": "fp16", "size": 8192}


def test_a_run_without_a_timed_step_has_no_block() -> None:
    profile = Profile(shares=shares_of([], wall_seconds=1), seconds=1, steps=3)
    with pytest.raises(ValueError, match="wanted at least one that took time, found none"):
        describe_efficiency(
            shape=SHAPE, steps=Steps(), ranks=1, passes=1, bytes_a_value=2, ceilings=CEILINGS, profile=profile
        )


def test_the_shape_of_a_model_leaves_its_adapter_out(model_folder: Path) -> None:
    bare = shape_of(load(model_folder))
    # Hidden 64, four query heads and two of keys and values of 16, MLP of 128, two layers, 257 tokens.
    layer = [(64, 64), (64, 32), (64, 32), (64, 64), (64, 128), (64, 128), (128, 64)]
    assert sorted(bare.body) == sorted(2 * layer)
    assert bare.head == (64, 257)
    lora = Lora(rank=4, alpha=8, dropout=0.0, targets=("q_proj", "v_proj"))
    assert sorted(shape_of(add_adapter(load(model_folder), lora)).body) == sorted(bare.body)


def test_measures_a_tiny_model_on_a_cpu(model_folder: Path) -> None:
    model = load(model_folder)
    ids = torch.zeros(2, 32, dtype=torch.long)

    def step() -> None:
        model(input_ids=ids, labels=ids).loss.backward()
        model.zero_grad(set_to_none=True)

    steps = Steps(seconds=[0.1], tokens=[64], target_tokens=[62])
    block = measure_efficiency(
        step=step, device=CPU, precision="fp32", shape=shape_of(model), steps=steps, ranks=1, passes=1
    )
    jsonschema.validate(block, SCHEMA)
    assert block["passTokens"] == 64
    assert block["shares"]["matmul"] > 0
    assert block["shares"]["memory"] > 0
    assert block["shares"]["attention"] > 0
    assert block["shares"]["communication"] == 0


def test_a_step_runs_once_to_warm_up_and_three_times_each_with_and_without_the_profiler() -> None:
    calls = []
    profile = profile_step(lambda: calls.append(torch.ones(4).sum()), CPU, input_seconds=1000.0)
    assert len(calls) == 7
    assert profile.steps == 3
    # Nearly all of such a step is waiting.
    assert profile.shares["input"] > 0.99


def test_an_operator_counts_once_and_views_not_at_all() -> None:
    weight, rows = torch.ones(8, 8), torch.ones(2, 2, 8)

    def step() -> None:
        torch.nn.functional.linear(rows, weight)  # linear holds t, view, mm
        rows.transpose(0, 1)

    found = trace(step, CPU, 2)
    assert [event.name for event in found if event.kind == "matmul"] == ["aten::mm"] * 2
    assert "aten::transpose" not in {event.name for event in found}


def test_only_the_devices_own_entries_are_kernels() -> None:
    from torch.autograd import DeviceType

    class Entry:
        def __init__(self, name: str, device: Any, annotation: bool = False) -> None:
            self.name, self.device_type = lambda: name, lambda: device
            self.start_ns, self.duration_ns = lambda: 2_000_000_000, lambda: 500_000_000
            self.is_user_annotation = lambda: annotation

    found = kernels(
        [
            Entry("attn_fwd", DeviceType.CUDA),
            Entry("cudaLaunchKernel", DeviceType.CPU),
            Entry("nccl:all_reduce", DeviceType.CUDA, annotation=True),
        ]
    )
    assert found == [("attn_fwd", 2.0, 0.5, "attention")]


def test_the_ceilings_of_a_cpu_are_those_of_the_precision_that_was_asked_for() -> None:
    ceilings = measure_ceilings(CPU, "fp32")
    assert ceilings.precision == "fp32"
    assert 0 < ceilings.matmul_tflops <= ceilings.best_matmul_tflops
    assert 0 < ceilings.copy_gbs <= ceilings.best_copy_gbs


def test_a_slow_device_gets_a_smaller_product() -> None:
    assert choose_size(CPU, "fp32", budget=1e9) == 1024
    assert choose_size(CPU, "fp32", budget=0.0) == 256
