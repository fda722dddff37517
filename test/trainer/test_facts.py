"""The functional check of a device: what `python -m trainer probe` says of it."""

from __future__ import annotations

import pytest
import torch

from trainer.facts import check_copy, check_device, compare_copies


def test_a_working_device_is_fit_and_says_how_fast_it_copies() -> None:
    found = check_device(torch.device("cpu"))
    assert found["ok"] is True
    assert found["copyGBs"] > 0


def test_a_copy_that_changes_a_number_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.efficiency.ceilings.time_repeats", lambda *_: [1.0])
    monkeypatch.setattr(torch, "empty", lambda size, device: torch.zeros(size, device=device))
    assert check_copy(torch.device("cpu"))["copyIsExact"] is False


def test_a_device_at_less_than_half_of_its_equals_is_not_fit() -> None:
    checks = [
        {"device": f"cuda:{index}", "ok": True, "copyGBs": speed}
        for index, speed in enumerate([4000.0, 1900.0, 4100.0])
    ]
    found = compare_copies(checks)
    assert [check["ok"] for check in found] == [True, False, True]
    assert found[1]["usualCopyGBs"] == 4000.0


def test_a_device_that_was_wrong_before_stays_wrong() -> None:
    assert compare_copies([{"device": "cuda:0", "ok": False, "copyGBs": 1.0}])[0]["ok"] is False
