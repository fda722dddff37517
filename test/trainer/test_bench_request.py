"""What is asked of a benchmark is checked before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.bench.machine import describe, file_name
from trainer.bench.request import read_request, settle
from trainer.errors import RocmarkError

OUT = ("--out", "somewhere")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--arms", "fast,quick"), "--arms: wanted some of walkthrough,trainer,fast,liger, found 'quick'"),
        (("--arms", ""), "--arms: wanted some of walkthrough,trainer,fast,liger, found ''"),
        (("--samples", "0"), "--samples: wanted at least 1, found 0"),
        (("--repeats", "0"), "--repeats: wanted at least 1, found 0"),
        (("--max-steps", "-1"), "--max-steps: wanted at least 0, found -1"),
        (("--seed", "-1"), "--seed: wanted at least 0, found -1"),
    ],
)
def test_wrong_use_is_refused_with_what_was_wanted(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(RocmarkError, match=said) as caught:
        read_request([*OUT, *words])
    assert caught.value.exit_code == 2


def test_arms_are_taken_in_their_own_order_and_once() -> None:
    assert read_request([*OUT, "--arms", "fast,walkthrough,fast"]).arms == ("walkthrough", "fast")


@pytest.mark.parametrize("samples", ["24", "4000"])
def test_samples_that_fill_no_whole_steps_or_are_not_there_are_refused(samples: str) -> None:
    with pytest.raises(RocmarkError, match=r"--samples: wanted a multiple of 16.*at most 2000"):
        settle(read_request([*OUT, "--samples", samples]), "cpu")


@pytest.mark.parametrize(
    ("words", "device", "wanted"),
    [
        ((), "cpu", ("bundled", 2000, 125, 2, None)),
        ((), "cuda", ("qwen3-1.7b", 2000, 125, 1, 30)),
        (("--max-steps", "0"), "cuda", ("qwen3-1.7b", 2000, 125, 1, None)),
        (("--max-steps", "125"), "cuda", ("qwen3-1.7b", 2000, 125, 1, None)),
        (
            ("--shape", "tiny", "--samples", "32", "--repeats", "3", "--max-steps", "1"),
            "cuda",
            ("tiny", 32, 2, 3, 1),
        ),
    ],
)
def test_what_is_not_said_comes_from_the_device_and_the_shape(
    words: tuple[str, ...], device: str, wanted: tuple[Any, ...]
) -> None:
    task = settle(read_request([*OUT, *words]), device)
    assert (task.name, task.samples, task.full_steps, task.repeats, task.max_steps) == wanted


PROBED: dict[str, Any] = {
    "python": "3.12.3",
    "system": "Linux",
    "processor": "AMD EPYC 9654",
    "processors": 192,
    "memoryGiB": 1000.0,
    "hip": "7.2.53211",
    "cuda": None,
    "accelerator": "rocm",
    "packages": {"torch": "2.11.0+rocm7.2"},
    "devices": [{"name": "AMD Instinct MI300X", "memoryGiB": 191.98}],
}


def test_the_machine_is_named_after_the_device_that_is_measured() -> None:
    on_gpu, on_cpu = describe(PROBED, "auto"), describe(PROBED, "cpu")
    assert (on_gpu["device"], on_gpu["name"], on_gpu["deviceMemoryGiB"]) == (
        "rocm",
        "AMD Instinct MI300X",
        191.98,
    )
    assert (on_cpu["device"], on_cpu["name"], on_cpu["deviceMemoryGiB"]) == ("cpu", "AMD EPYC 9654", None)
    assert file_name("trainer", on_gpu, "2026-11-25") == "trainer-amd-instinct-mi300x-2026-11-25.json"
    odd = {"name": "Intel(R) Xeon(R) CPU @ 2.20GHz"}
    assert file_name("trainer", odd, "2026-11-25") == "trainer-intel-r-xeon-r-cpu-2-20ghz-2026-11-25.json"


def test_a_gpu_that_is_asked_for_and_not_there_is_refused() -> None:
    with pytest.raises(RocmarkError, match=r"--device: wanted a GPU, found none that torch 2\.11\.0"):
        describe(PROBED | {"devices": [], "accelerator": "cpu"}, "cuda")
