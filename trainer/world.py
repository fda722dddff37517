"""The processes of one run: who this one is, how they talk, and what each tells the others.

torchrun's environment (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT) decides; nothing here masks a device.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .config import Config
from .errors import RocmarkError, refuse


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Which of the processes this one is."""

    rank: int
    local_rank: int
    size: int

    @property
    def is_first(self) -> bool:
        """Whether this process writes the record."""
        return self.rank == 0


def find_place(environment: Mapping[str, str]) -> Place:
    """What the launcher said; one process alone when there is none."""
    try:
        return Place(
            rank=int(environment.get("RANK", "0")),
            local_rank=int(environment.get("LOCAL_RANK", "0")),
            size=int(environment.get("WORLD_SIZE", "1")),
        )
    except ValueError as error:
        raise refuse("E_WORLD", f"RANK, LOCAL_RANK and WORLD_SIZE must be whole numbers: {error}.") from error


def check_size(config: Config, place: Place) -> None:
    """Refuse to train with other processes than the config was made for: the effective batch depends on it."""
    if place.size != config.world.ranks:
        raise refuse(
            "E_CONFIG",
            f"world: wanted {len(config.world.nodes)} nodes x world.ranksPerNode {config.world.ranks_per_node} = "
            f"{config.world.ranks} processes, found WORLD_SIZE {place.size}. Start it with torch.distributed.run "
            "--nnodes and --nproc-per-node that match, or change the config.",
        )


def loopback_interface() -> str | None:
    """Name of the loopback interface (`lo`, `lo0`), or None where none has a usual name."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if name in ("lo", "lo0")), None)


def is_loopback(address: str) -> bool:
    """Whether an address or host name means this machine only."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def choose_gloo_interface(environment: Mapping[str, str]) -> str | None:
    """The interface that gloo must be told, when it was told none and all ranks meet on loopback.

    Left alone, gloo resolves the host's own name, which fails on many laptops and leaves loopback on others.
    """
    if "GLOO_SOCKET_IFNAME" in environment or not is_loopback(environment.get("MASTER_ADDR", "")):
        return None
    return loopback_interface()


class World:
    """A group of processes that train together, or one process alone."""

    def __init__(self, *, place: Place, transport: str, store: Any) -> None:
        self.place = place
        self.transport = transport
        """What really carries the tensors: none, gloo, nccl or rccl."""
        self._store = store

    def gather(self, value: Any) -> list[Any]:
        """Every rank's value, in the order of ranks, on every rank. Collective."""
        if self.place.size == 1:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.place.size
        dist.all_gather_object(values, value)
        return values

    def broadcast(self, value: Any) -> Any:
        """The first rank's value, on every rank. Collective."""
        if self.place.size == 1:
            return value
        import torch.distributed as dist

        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def report_failure(self, error: RocmarkError) -> None:
        """Leave word for the first rank: it writes the record, and would see only a lost connection."""
        if self._store is not None:
            with contextlib.suppress(Exception):
                self._store.set(
                    f"failure/{self.place.rank}", f"{error.outcome}\n{error.code}\n{error.message}"
                )

    def failure_elsewhere(self) -> RocmarkError | None:
        """What another rank left word of, if one did."""
        if self._store is None:
            return None
        for rank in range(self.place.size):
            key = f"failure/{rank}"
            with contextlib.suppress(Exception):
                if rank != self.place.rank and self._store.check([key]):
                    outcome, code, message = self._store.get(key).decode().split("\n", 2)
                    return RocmarkError(code, f"rank {rank}: {message}", outcome=outcome)
        return None


@contextlib.contextmanager
def join_world(config: Config, place: Place, device: Any) -> Iterator[World]:
    """Meet the other ranks, and leave them in order."""
    if place.size == 1:
        # One process under torchrun needs no group; accelerate would make one from these variables.
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"):
            os.environ.pop(name, None)
        yield World(place=place, transport="none", store=None)
        return
    import torch
    import torch.distributed as dist

    backend = config.world.transport
    if backend == "auto":
        backend = "nccl" if device.type == "cuda" else "gloo"
    if backend == "nccl" and device.type != "cuda":
        raise refuse(
            "E_CONFIG", 'world.transport: "nccl" needs GPUs, and torch finds none here. Use "gloo" or "auto".'
        )
    if backend == "gloo" and (interface := choose_gloo_interface(os.environ)):
        os.environ["GLOO_SOCKET_IFNAME"] = interface
    timeout = timedelta(seconds=config.world.timeout_seconds)
    try:
        store, rank, size = next(dist.rendezvous("env://", timeout=timeout))
        dist.init_process_group(
            backend,
            store=dist.PrefixStore("group", store),
            rank=rank,
            world_size=size,
            timeout=timeout,
            device_id=device if backend == "nccl" else None,
        )
    except Exception as error:
        raise RocmarkError(
            "E_WORLD",
            f"rank {place.rank} of {place.size} did not meet the others at {os.environ.get('MASTER_ADDR')}:"
            f"{os.environ.get('MASTER_PORT')} within world.timeoutSeconds {config.world.timeout_seconds:g}: {error}",
            outcome="timeout" if "timed out" in str(error).lower() else "failed",
        ) from error
    found = dist.get_backend()
    transport = "rccl" if found == "nccl" and torch.version.hip else found
    world = World(place=place, transport=transport, store=dist.PrefixStore("rocmark", store))
    yield world
    # Not in a finally: after a failure the others may be gone, and leaving would wait for them.
    dist.destroy_process_group()
