"""The Triton kernels, run by Triton's interpreter: the same code, on a CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton comes with torch on Linux alone")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def errors() -> dict[str, list[float]]:
    ended = subprocess.run(
        [sys.executable, Path(__file__).with_name("interpreted_kernels.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[float]] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize(
    "case",
    [
        "tiles cut at every place",
        "heads without norms",
        "one key head for all",
        "no groups",
        "a head of 128",
        "the gated product",
        "the check before use",
        "the other kernels' check before use",
        "the norm",
        "the loss",
    ],
)
def test_output_and_gradient_are_those_of_plain_operators(errors: dict[str, list[float]], case: str) -> None:
    # fp32 throughout: what is left is the order of additions.
    assert max(errors[case]) < 1e-5


@pytest.mark.parametrize(
    "case",
    [
        "qwen3, adapters everywhere",
        "qwen2, whose projections have biases",
        "llama, adapters in the MLP alone",
        "several passes",
        "recomputed",
    ],
)
def test_the_network_that_is_written_out_computes_what_peft_computes(
    errors: dict[str, list[float]], case: str
) -> None:
    assert max(errors[case]) < 1e-5
