"""Which GPUs a run fits, and what is said when it did not; all without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, make_config
from hypothesis import given
from hypothesis import strategies as st

from trainer.memory.fit import MOST_SAMPLES, largest_batch, out_of_memory_hint
from trainer.memory.gpus import GPUS, usable_gib
from trainer.memory.job import Pass, even_pass, job_of, pass_of
from trainer.memory.known import known_shape
from trainer.memory.plan import plan_memory
from trainer.memory.predict import Prediction, predict
from trainer.parse import parse_config


def make_plan(*, longest: int | None = None, **changes: Any) -> dict[str, Any]:
    config = parse_config(make_config("Qwen/Qwen3-1.7B", "bundled", device="auto", **changes), source="c")
    return plan_memory(config, longest=longest, mean_length=None, target_share=1.0)


@given(
    step=st.floats(0.001, 10), fixed=st.floats(0, 100), usable=st.floats(0, 200), batch=st.integers(1, 5000)
)
def test_the_largest_batch_fits_and_one_more_does_not(
    step: float, fixed: float, usable: float, batch: int
) -> None:
    def needed(samples: int) -> float:
        return fixed + step * samples

    largest = largest_batch(needed, usable)
    assert 0 <= largest <= MOST_SAMPLES
    assert largest == 0 or needed(largest) <= usable
    assert largest == MOST_SAMPLES or needed(largest + 1) > usable


@given(
    recipe=st.sampled_from(["walkthrough", "fast"]),
    compile=st.sampled_from(["on", "off"]),
    checkpointing=st.booleans(),
    dropout=st.sampled_from([0, 0.05]),
    samples=st.integers(1, 200),
    longest=st.integers(2, 2048),
    share=st.floats(0, 1),
    mean=st.floats(0, 1),
)
def test_one_sample_more_never_needs_less(
    recipe: str,
    compile: str,
    checkpointing: bool,
    dropout: float,
    samples: int,
    longest: int,
    share: float,
    mean: float,
) -> None:
    changes = {"recipe": recipe, "fast__compile": compile, "lora__dropout": dropout, "device": "auto"}
    changes["training__gradientCheckpointing"] = checkpointing
    config = parse_config(make_config("Qwen/Qwen3-1.7B", "bundled", precision="bf16", **changes), source="c")
    shape = known_shape("Qwen/Qwen3-1.7B")
    assert shape is not None
    mean_length = max(1, round(mean * longest))

    def needed(count: int) -> int:
        run = even_pass(count, mean_length=mean_length, longest=longest, target_share=share)
        return predict(job_of(config, shape), run).peak_bytes

    assert needed(samples) <= needed(samples + 1)


def test_the_gpus_have_16_to_288_gb_and_an_mi300x_is_first() -> None:
    assert GPUS[0].name == "MI300X"
    assert (min(gpu.memory_gb for gpu in GPUS), max(gpu.memory_gb for gpu in GPUS)) == (16, 288)


def test_a_gpu_has_fewer_gib_than_its_data_sheet_gb_and_keeps_a_share() -> None:
    # 192e9 / 2^30 = 178.81; 92 % of it = 164.51.
    assert (GPUS[0].name, round(GPUS[0].capacity_gib, 2)) == ("MI300X", 178.81)
    assert round(usable_gib(GPUS[0].capacity_gib), 2) == 164.51


def test_an_8b_model_does_not_fit_16_gb_and_fits_80() -> None:
    config = make_config("Qwen/Qwen3-8B", "bundled", device="auto", precision="fp16")
    plan = plan_memory(parse_config(config, source="c"), longest=None, mean_length=None, target_share=1.0)
    fits = {gpu["name"]: gpu for gpu in plan["gpus"]}
    assert (fits["T4"]["fits"], fits["T4"]["largestBatch"], fits["T4"]["headroomGiB"] < 0) == (False, 0, True)
    assert (fits["H100"]["fits"], fits["H100"]["refused"]) == (True, None)


def test_the_headroom_is_of_the_usable_memory() -> None:
    gpu = make_plan(precision="fp16")["gpus"][0]
    assert gpu["headroomGiB"] == pytest.approx(gpu["usableGiB"] - gpu["neededGiB"], abs=0.011)
    assert gpu["headroomPercent"] == pytest.approx(100 * gpu["headroomGiB"] / gpu["usableGiB"], abs=0.06)


def test_a_t4_has_no_bf16() -> None:
    refused = {gpu["name"]: gpu["refused"] for gpu in make_plan(precision="bf16")["gpus"]}
    assert {name for name, why in refused.items() if why} == {"T4"}
    assert refused["T4"] == "no bf16 in hardware"


def test_shorter_samples_need_less() -> None:
    whole, half = make_plan(precision="fp16"), make_plan(precision="fp16", longest=128)
    assert (whole["assumed"]["longest"], half["assumed"]["longest"]) == (256, 128)
    assert half["predicted"]["peakGiB"] < whole["predicted"]["peakGiB"]
    assert half["gpus"][0]["largestBatch"] > whole["gpus"][0]["largestBatch"]


def test_a_pass_is_padded_to_a_multiple_of_eight_of_its_longest() -> None:
    run = pass_of([10, 17], [3, 4])
    assert run == Pass(samples=2, tokens=27, longest=17, targets=7)
    assert (run.row, run.ragged) == (24, True)
    assert not even_pass(1, mean_length=16, longest=16, target_share=1.0).ragged


def predict_8b(samples: int, *, checkpointing: bool) -> Prediction:
    config = parse_config(
        make_config(
            "Qwen/Qwen3-8B", "bundled", device="auto", precision="fp16",
            training__gradientCheckpointing=checkpointing,
        ),
        source="c",
    )  # fmt: skip
    shape = known_shape("Qwen/Qwen3-8B")
    assert shape is not None
    run = even_pass(samples, mean_length=256, longest=256, target_share=1.0)
    return predict(job_of(config, shape), run)


@pytest.mark.parametrize(
    ("samples", "checkpointing", "capacity", "words"),
    [
        (64, True, 24.0, r"predicted peak [\d.]+ GiB at 64 samples at once, 22\.1 of 24\.0 GiB usable\. "
         r"training\.microBatch 1\d should fit\."),
        (2, True, 79.0, r"it should have fitted\. Is something else on this GPU\?"),
        (4, False, 16.0, r"Not even one sample fits: training\.gradientCheckpointing needs less"),
        (4, True, 16.0, r"Not even one sample fits: and so do|Not even one sample fits"),
    ],
)  # fmt: skip
def test_names_the_need_and_the_largest_batch_when_memory_did_not_suffice(
    samples: int, checkpointing: bool, capacity: float, words: str
) -> None:
    import re

    hint = out_of_memory_hint(
        predict_8b(samples, checkpointing=checkpointing),
        capacity,
        needed=lambda n: predict_8b(n, checkpointing=checkpointing).peak_gib,
    )
    assert re.search(words, hint), hint


def test_the_verb_prints_one_json_document_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(make_config("bundled", "bundled")))
    probe = "import sys; from trainer.cli import main; code = main(sys.argv[1:]); sys.exit(code + ('torch' in sys.modules))"
    command = [sys.executable, "-c", probe, "plan", "--config", str(path), "--mean-length", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    plan = json.loads(done.stdout)
    assert plan["assumed"] == {"longest": 256, "meanLength": 100, "targetShare": 1.0, "reservedShare": 0.08}
    assert all(gpu["fits"] for gpu in plan["gpus"])
