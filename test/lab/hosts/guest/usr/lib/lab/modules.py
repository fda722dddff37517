"""Kernel modules of a node: which file modprobe would take, and what /sys and /proc say of one that is loaded.

A file's text stands for the module: `version=` as DKMS's builds have it; the kernel's own amdgpu has none, so that
/sys/module/amdgpu/version is there for a DKMS driver only.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import hardware

LOADED = Path("/sys/module")


class Refused(Exception):
    """Why the kernel does not take a module, as kmod says it."""


def running() -> str:
    """Release of the kernel that runs."""
    return Path("/proc/sys/kernel/osrelease").read_text().strip()


def find(name: str, kernel: str | None = None) -> Path | None:
    """The file of a module: DKMS's before the kernel's own, as depmod's `search updates built-in` has it."""
    tree = Path("/lib/modules") / (kernel or running())
    return next(
        (path for part in ("updates", "kernel") for path in sorted((tree / part).rglob(f"{name}.ko"))), None
    )


def fields(path: Path) -> dict[str, str]:
    """What modinfo says of a file."""
    said = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    source = hashlib.sha256(f"{path.parts[3]} {path.read_text()}".encode()).hexdigest()[:23].upper()
    return {
        "filename": str(path),
        **said,
        "srcversion": source,
        "vermagic": f"{path.parts[3]} SMP preempt mod_unload",
    }


def is_loaded(name: str) -> bool:
    """Whether the kernel has a module."""
    return (LOADED / name).exists()


def load(name: str) -> None:
    """Load a module, as the kernel would: with Secure Boot none that it cannot tell the signer of."""
    path = find(name)
    if path is None:
        raise FileNotFoundError(name)
    own = "updates" in path.parts
    if own and hardware.setting("firmware")["secureBoot"] == "enforcing":
        raise Refused("Key was rejected by service")
    said = fields(path)
    module = LOADED / name
    hardware.write(module / "initstate", "live\n")
    hardware.write(module / "refcnt", "0\n")
    hardware.write(module / "srcversion", f"{said['srcversion']}\n")
    hardware.write(module / "taint", "OE\n" if own else "\n")
    if "version" in said:
        hardware.write(module / "version", f"{said['version']}\n")
    list_loaded()
    if name == "amdgpu":
        hardware.driver_here()


def unload(name: str) -> None:
    """Take a module out of the kernel."""
    shutil.rmtree(LOADED / name)
    list_loaded()
    if name == "amdgpu":
        hardware.driver_gone()


def list_loaded() -> None:
    """Write what /proc/modules shows, where this machine has such a file."""
    lines = [f"{path.name} 16384 0 - Live 0x0000000000000000\n" for path in sorted(LOADED.iterdir())]
    (hardware.LAB / "modules").write_text("".join(lines))
