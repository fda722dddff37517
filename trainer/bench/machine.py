"""On what a benchmark ran: the device, the processor, the versions, and how busy the machine was."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from ..errors import RocmarkError, refuse
from .processes import ROOT, run_module, tail


def read_machine(out: Path, wanted: str) -> dict[str, Any]:
    """What `python -m trainer probe` says, and which device the arms will run on."""
    ended = run_module(["trainer", "probe"], cwd=out, log=out / "probe.log", label="probe")
    found = ended.last_line
    if not isinstance(found, dict):
        raise RocmarkError("E_PROBE", f"python -m trainer probe printed nothing:\n{tail(ended.log)}")
    broken = [check["device"] for check in found["checks"] if not check["ok"]]
    if broken:
        raise RocmarkError("E_PROBE", f"{', '.join(broken)} computes wrongly: see {out / 'probe.out'}")
    return describe(found, wanted)


def describe(found: dict[str, Any], wanted: str) -> dict[str, Any]:
    """The result's block `machine`, from the probe's answer."""
    devices = found["devices"]
    if wanted == "cuda" and not devices:
        raise refuse(
            "E_DEVICE",
            f"--device: wanted a GPU, found none that torch {found['packages']['torch']} can use "
            f"(hip {found['hip']}, cuda {found['cuda']}). Check the driver and the torch build, or use --device cpu.",
        )
    on_gpu = bool(devices) and wanted != "cpu"
    return {
        "device": found["accelerator"] if on_gpu else "cpu",
        "name": devices[0]["name"] if on_gpu else found["processor"],
        "deviceMemoryGiB": devices[0]["memoryGiB"] if on_gpu else None,
        "processor": found["processor"],
        "processors": found["processors"],
        "memoryGiB": found["memoryGiB"],
        "system": found["system"],
        "python": found["python"],
        "packages": found["packages"],
        "hip": found["hip"],
        "cuda": found["cuda"],
    }


def load_average() -> float:
    """Processes that wanted a processor, over the last minute."""
    return round(os.getloadavg()[0], 2)


def file_name(bench: str, machine: dict[str, Any], date: str) -> str:
    """Where a result is kept: the benchmark, the device's name in small letters and hyphens, the date."""
    device = re.sub(r"[^a-z0-9]+", "-", machine["name"].lower()).strip("-") or platform.machine()
    return f"{bench}-{device}-{date}.json"


def read_commit() -> tuple[str | None, bool | None]:
    """(commit, whether the work tree differs from it) of the checkout this is, (None, None) where it is none."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), git("status", "--porcelain", "--", "trainer") != ""
    except (OSError, subprocess.CalledProcessError):
        return None, None
