"""GPUs as the kernel's KFD lists them; none for a build without ROCm, or without access to /dev/kfd."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

from torch import version


def _gpus() -> list[dict]:
    if version.hip is None or not os.access("/dev/kfd", os.R_OK | os.W_OK):
        return []
    # Loaded or not is the driver's to say; names are the lab's.
    gpus = json.loads(Path("/lab/gpus.json").read_text()) if Path("/sys/module/amdgpu").exists() else []
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


def get_device_name(device: int = 0) -> str:
    """Marketing name of a GPU."""
    return _gpus()[device]["name"]


def get_device_properties(device: int = 0) -> SimpleNamespace:
    """What torch tells of a GPU: its name, its ISA with features, its memory in bytes."""
    gpu = _gpus()[device]
    return SimpleNamespace(
        name=gpu["name"],
        gcnArchName=f"{gpu['gfx']}:sramecc+:xnack-",
        total_memory=gpu["vramMiB"] * 2**20,
        multi_processor_count=gpu["computeUnits"],
    )
