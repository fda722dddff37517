"""Who meets whom and over what, and what the others are told."""

from __future__ import annotations

import socket

import pytest
from conftest import make_config

from trainer.attempt import explain
from trainer.errors import RocmarkError, StopRequested
from trainer.parse import parse_config
from trainer.record import Findings, build_record, largest_memory, merge_fingerprints
from trainer.world import choose_gloo_interface, find_place, is_loopback, loopback_interface


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("node-1", False),
    ],
)
def test_knows_which_addresses_stay_on_this_machine(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_tells_gloo_the_loopback_interface_only_where_all_meet_there_and_nobody_chose() -> None:
    name = loopback_interface()
    assert name in [known for _, known in socket.if_nameindex()]
    assert choose_gloo_interface({"MASTER_ADDR": "127.0.0.1"}) == name
    assert choose_gloo_interface({"MASTER_ADDR": "10.0.0.1"}) is None
    assert choose_gloo_interface({}) is None
    assert choose_gloo_interface({"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lab0"}) is None


def test_refuses_a_launcher_that_speaks_nonsense() -> None:
    with pytest.raises(RocmarkError, match="must be whole numbers"):
        find_place({"RANK": "one"})


@pytest.mark.parametrize(
    ("cause", "code", "outcome"),
    [
        (MemoryError("no"), "E_OUT_OF_MEMORY", "out-of-memory"),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried"),
            "E_OUT_OF_MEMORY",
            "out-of-memory",
        ),
        (RuntimeError("Timed out waiting 5000ms for recv operation"), "E_WORLD_TIMEOUT", "timeout"),
        (RuntimeError("Connection closed by peer [127.0.0.1]:1"), "E_LOST_RANK", "failed"),
        (OSError(28, "No space left on device"), "E_DISK", "failed"),
        (KeyError("x"), "E_INTERNAL", "failed"),
        (StopRequested("SIGTERM"), "E_STOPPED", "failed"),
    ],
)
def test_says_what_a_failure_was(cause: BaseException, code: str, outcome: str) -> None:
    error = explain(cause)
    assert (error.code, error.outcome) == (code, outcome)


def test_what_the_trainer_found_goes_into_the_fingerprint_of_its_node() -> None:
    given = [
        {"node": "a", "digest": "0" * 64, "facts": {"os": "x"}, "installed": {"uv": "1", "torch": "old"}}
    ]
    merged = merge_fingerprints(given, {"a": {"torch": "2.11.0"}, "b": {"torch": "2.11.0"}})
    assert merged[0]["installed"] == {"uv": "1", "torch": "2.11.0"}
    assert [fingerprint["node"] for fingerprint in merged] == ["a", "b"]
    assert len(merged[1]["digest"]) == 64
    assert given[0]["installed"]["torch"] == "old"


def test_memory_is_that_of_the_rank_that_needed_most() -> None:
    peaks = [
        {"peakResidentGiB": 1.0, "peakAllocatedGiB": None},
        {"peakResidentGiB": 3.0, "peakAllocatedGiB": None},
    ]
    assert largest_memory(peaks) == {"peakResidentGiB": 3.0, "peakAllocatedGiB": None}


def test_a_run_that_ended_before_it_began_has_a_record_too() -> None:
    given = make_config("bundled", "bundled")
    record = build_record(parse_config(given, source="c"), given, Findings(), RocmarkError("E_MODEL", "none"))
    assert record["world"]["transport"] is None
    assert record["steps"] is None
    assert record["error"] == {"code": "E_MODEL", "message": "none"}
