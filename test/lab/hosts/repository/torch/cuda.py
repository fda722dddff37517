"""GPUs as the kernel's KFD lists them; none for a build without ROCm, or without access to the devices."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

from torch import tensor, version


def _gpus() -> list[dict]:
    if version.hip is None or not os.access("/dev/kfd", os.R_OK | os.W_OK):
        return []
    # Loaded or not is the driver's to say; names are the lab's.
    gpus = json.loads(Path("/lab/gpus.json").read_text()) if Path("/sys/module/amdgpu").exists() else []
    gpus = [gpu for gpu in gpus if os.access(f"/dev/dri/renderD{gpu['renderMinor']}", os.R_OK | os.W_OK)]
    for variable in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        asked = os.environ.get(variable)
        if asked is not None:
            gpus = [gpus[int(i)] for i in asked.split(",") if i.strip().isdigit() and int(i) < len(gpus)]
    return gpus


def is_available() -> bool:
    """Whether there is any GPU that this build can use."""
    return device_count() > 0


def device_count() -> int:
    """How many GPUs this process may use."""
    return len(_gpus())


def get_arch_list() -> list[str]:
    """GPU targets that this build holds code for; none where no GPU can be used, as torch's own."""
    return list(version.targets) if is_available() else []


def _gpu(device: object) -> dict:
    return _gpus()[device if isinstance(device, int) else (getattr(device, "index", None) or 0)]


def get_device_name(device: object = 0) -> str:
    """Marketing name of a GPU."""
    return _gpu(device)["name"]


def get_device_properties(device: object = 0) -> SimpleNamespace:
    """What torch tells of a GPU: its name, its ISA with features, its memory in bytes."""
    gpu = _gpu(device)
    return SimpleNamespace(
        name=gpu["name"],
        gcnArchName=gpu["isa"],
        total_memory=gpu["vramMiB"] * 2**20,
        multi_processor_count=gpu["computeUnits"],
    )


def mem_get_info(device: object = 0) -> tuple[int, int]:
    """Free and total memory in bytes."""
    total = _gpu(device)["vramMiB"] * 2**20
    return total, total


def synchronize(device: object = None) -> None:
    """Nothing runs behind."""


def empty_cache() -> None:
    """Nothing is cached."""


class Event:
    """A point in time on a device."""

    def __init__(self, enable_timing: bool = False) -> None:
        pass

    def record(self, stream: object = None) -> None:
        """Mark now."""

    def synchronize(self) -> None:
        """Nothing runs behind."""

    def elapsed_time(self, end: "Event") -> float:
        """Milliseconds, the same for all GPUs but those that the lab has made slow."""
        slow = json.loads(Path("/lab/gpu-faults.json").read_text())["slow"]
        return 10.0 if tensor.used.index in slow else 1.0
