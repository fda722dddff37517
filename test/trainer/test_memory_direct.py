"""The predicted memory of passes that are written out against what real ones hold. The kernels are left out: they take none."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from memory_models import ALL, ATTENTION, EVEN, RAGGED
from storages import Storages, rounded
from test_memory_fast import BAR, LARGE, SMALL, Subject

pytest.importorskip("triton", reason="Triton comes with torch on Linux alone")

from trainer.fast import attention_triton, direct_network, gate_triton, loss_triton, norm_triton
from trainer.fast.direct_network import DirectNetwork
from trainer.memory import direct
from trainer.memory.fast import fast_moments
from trainer.memory.predict import fixed_parts

KERNELS = {
    attention_triton: (
        "rotate_heads",
        "unrotate_heads",
        "attend_forward",
        "attend_query_gradient",
        "attend_key_gradient",
    ),
    gate_triton: ("gate_forward", "gate_backward"),
    norm_triton: ("add_and_norm", "add_norm_gradient"),
    loss_triton: ("turn_into_gradient",),
}


class Launches:
    """Stands for a kernel: takes a grid and arguments, and does nothing."""

    def __getitem__(self, grid: Any) -> Any:
        return lambda *arguments, **settings: None


@pytest.fixture(autouse=True)
def _without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, names in KERNELS.items():
        for name in names:
            monkeypatch.setattr(module, name, Launches())


CASES = [
    ("qwen3", "bf16", RAGGED, {"targets": ATTENTION}),
    ("qwen3", "bf16", EVEN, {"targets": ATTENTION, "vocabulary": SMALL}),
    ("qwen3", "fp16", RAGGED, {"targets": ALL, "rank": 16, "vocabulary": SMALL}),
    ("qwen2", "bf16", RAGGED, {"targets": ("q_proj", "v_proj"), "rank": 3}),
    ("llama", "bf16", EVEN, {"targets": ("gate_proj", "down_proj"), "vocabulary": SMALL}),
    ("llama", "bf16", RAGGED, {"targets": ALL, "recompute": True, "vocabulary": SMALL}),
    ("qwen3", "bf16", EVEN, {"targets": ATTENTION, "recompute": True}),
]


@pytest.mark.parametrize(("family", "precision", "lengths", "changes"), CASES)
def test_a_pass_that_is_written_out_holds_what_was_predicted_at_its_peak(
    family: str, precision: str, lengths: Sequence[int], changes: dict[str, Any]
) -> None:
    measured, predicted, table = measure(family, precision, lengths, **changes)
    assert predicted == pytest.approx(measured, rel=BAR), table


def test_a_head_in_chunks_holds_the_logits_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, rows = 20 * LARGE, 32
    monkeypatch.setattr(direct_network, "CHUNK_ELEMENTS", rows * vocabulary)
    monkeypatch.setattr(direct, "HEAD_ELEMENTS", rows * vocabulary)
    measured, predicted, table = measure("llama", "bf16", EVEN, vocabulary=vocabulary)
    assert predicted == pytest.approx(measured, rel=BAR), table


def measure(family: str, precision: str, lengths: Sequence[int], **changes: Any) -> tuple[int, int, str]:
    """Bytes of the peak as measured and as predicted, what is there all the time left out; and what lived then."""
    subject = Subject(family, precision, lengths, direct=True, **changes)
    total, scale = torch.zeros(subject.adapters.flat.numel() + 1), torch.tensor(1.0)
    with Storages() as storages:
        network = DirectNetwork(
            subject.model,
            subject.architecture,
            subject.adapters,
            recompute=changes.get("recompute", False),
            longest=subject.longest,
        )
        always = storages.bytes
        inputs = subject.upload()
        storages.restart()
        network.add_gradient(inputs, scale, total, first=True, longest=subject.longest)
    moments = fast_moments(subject.job, subject.run)
    predicted = max(sum(parts.values()) for parts in moments.values())
    return storages.peak - always, predicted, storages.table()


def test_what_is_there_all_the_time_counts_the_gradients_before_they_are_put_together() -> None:
    subject = Subject("qwen3", "bf16", EVEN, direct=True, vocabulary=LARGE)
    longest, dim, layers = 64, subject.job.shape.head_dim, subject.job.shape.layers
    with Storages() as storages:
        network = DirectNetwork(
            subject.model, subject.architecture, subject.adapters, recompute=False, longest=longest
        )
    other = dataclasses.replace(subject.job, direct=False, compiled=True)
    more = fixed_parts(subject.job)["gradients"] - fixed_parts(other)["gradients"]
    # Beside them the network makes the rotary tables and, for each layer, the weights of the heads' norms.
    tables = 2 * rounded(2 * longest * dim) + layers * rounded(2 * 2 * dim)
    assert more == pytest.approx(storages.bytes - tables, rel=BAR), storages.table()
    del network


def test_the_head_takes_as_many_logits_as_it_was_read_to_take() -> None:
    assert direct.HEAD_ELEMENTS == direct_network.CHUNK_ELEMENTS
