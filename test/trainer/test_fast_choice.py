"""Which way of attention a run takes, on a GPU that is said to be there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from architectures import any_architecture

from trainer.errors import RocmarkError
from trainer.fast import attention_choice, kernel_check
from trainer.fast.attention import Heads
from trainer.fast.attention_choice import choose_attention
from trainer.fast.kernel_check import find_kernel_problem

GPU = SimpleNamespace(type="cuda")
ARCHITECTURE = any_architecture()


def choose(
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    *,
    attention: dict[str, str],
    other: str | None,
    device: Any = GPU,
) -> tuple[str, list[str]]:
    """What is chosen and noted, where the kernels of `attention` have a problem each and those beside it `other`."""
    monkeypatch.setattr(attention_choice, "find_problem", lambda name, **_: attention.get(name))
    notes: list[str] = []
    chosen = choose_attention(
        wanted,
        device=device,
        dtype=torch.float16,
        heads=Heads(2, 1, 16, 1e-6),
        normed=True,
        find_other=lambda: other,
        note=notes.append,
    )
    return chosen, notes


def test_the_first_kernel_that_is_fit_is_taken_and_nothing_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(monkeypatch, "auto", attention={}, other=None) == ("triton", [])


def test_our_kernels_are_passed_over_together_where_one_beside_attention_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen, notes = choose(monkeypatch, "auto", attention={}, other="norm differs")
    assert chosen == "varlen"
    assert notes == ['fast.attention: "triton" is passed over, since norm differs']


def test_on_a_cpu_where_no_kernel_can_run_nothing_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    every = {"triton": "no GPU", "varlen": "no GPU"}
    cpu = SimpleNamespace(type="cpu")
    assert choose(monkeypatch, "auto", attention=every, other=None, device=cpu) == ("padded", [])


def test_asked_for_by_name_a_wrong_kernel_beside_attention_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RocmarkError, match='wanted "triton", but gate differs') as caught:
        choose(monkeypatch, "triton", attention={}, other="gate differs")
    assert caught.value.code == "E_ATTENTION"


@pytest.mark.parametrize(
    ("worst", "said"),
    [
        ({"norm": 1e-3, "gate": 2e-3, "loss": 0.0}, None),
        (
            {"norm": 0.5, "gate": 2e-3, "loss": 0.03},
            "it differs from plain operators: norm by 0.5, loss by 0.03 of the norm on this machine",
        ),
        (
            {"norm": 1e-3, "gate": float("nan"), "loss": 0.0},
            "it differs from plain operators: gate by nan of the norm on this machine",
        ),
    ],
)
def test_a_kernel_that_differs_is_named_with_how_far(
    monkeypatch: pytest.MonkeyPatch, worst: dict[str, float], said: str | None
) -> None:
    monkeypatch.setattr(kernel_check, "kernel_differences", lambda *_, **__: worst)
    problem = find_kernel_problem(ARCHITECTURE, device=GPU, dtype=torch.float16)
    assert problem == said


def test_a_compiler_that_fails_is_a_problem_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> dict[str, float]:
        raise RuntimeError("no such target\nmore")

    monkeypatch.setattr(kernel_check, "kernel_differences", fail)
    problem = find_kernel_problem(ARCHITECTURE, device=GPU, dtype=torch.float16)
    assert problem == f"torch {torch.__version__} cannot run it here (RuntimeError: no such target)"
