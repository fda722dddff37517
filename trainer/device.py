"""The device of this process: found, never assumed; its clock and its memory."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from typing import Any

from .config import Config
from .errors import refuse
from .world import Place


def choose_device(config: Config, place: Place) -> Any:
    """The device that the launcher left to this process: the one of its local rank among those it can see."""
    import torch

    present = torch.cuda.is_available()
    if config.device == "cuda" and not present:
        raise refuse(
            "E_DEVICE",
            'device: wanted "cuda", found no GPU that torch can use '
            f"(torch {torch.__version__}, hip {torch.version.hip}, cuda {torch.version.cuda}). "
            'Check the driver and the torch build, or set device "cpu".',
        )
    if config.device == "cpu" or not present:
        if config.precision == "fp16":
            raise refuse("E_CONFIG", 'precision: "fp16" needs a GPU, found none; use "fp32" or "bf16".')
        return torch.device("cpu")
    if place.local_rank >= torch.cuda.device_count():
        raise refuse(
            "E_DEVICE",
            f"world.ranksPerNode: wanted a GPU for local rank {place.local_rank}, found "
            f"{torch.cuda.device_count()} visible to torch.",
        )
    device = torch.device("cuda", place.local_rank)
    torch.cuda.set_device(device)
    return device


def device_kind(device: Any) -> str:
    """cpu, cuda or rocm: torch calls the last two cuda."""
    import torch

    if device.type != "cuda":
        return str(device.type)
    return "rocm" if torch.version.hip else "cuda"


def synchronise(device: Any) -> None:
    """Wait until the device has done what it was given: before every reading of the clock."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


def peak_memory_gib(device: Any) -> dict[str, float | None]:
    """Peak memory of this process so far, in GiB (1024^3 bytes)."""
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    peaks: dict[str, float | None] = {
        "peakAllocatedGiB": None,
        "peakReservedGiB": None,
        "peakResidentGiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30,
    }
    if device.type == "cuda":
        import torch

        peaks["peakAllocatedGiB"] = torch.cuda.max_memory_allocated(device) / 2**30
        peaks["peakReservedGiB"] = torch.cuda.max_memory_reserved(device) / 2**30
    return peaks


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceMemory:
    """Memory of one accelerator, in GiB."""

    accelerator: str
    """cuda or rocm."""
    total_gib: float
    room_gib: float
    """What this process can have: what is free, and what it holds already."""


def device_memory(device: Any) -> DeviceMemory | None:
    """The memory of an accelerator as it is now; None on a CPU, which shares its memory with everything."""
    if device.type != "cuda":
        return None
    import torch

    free, total = torch.cuda.mem_get_info(device)
    held = torch.cuda.memory_reserved(device)
    return DeviceMemory(
        accelerator=device_kind(device), total_gib=total / 2**30, room_gib=(free + held) / 2**30
    )


def forget_peak(device: Any) -> None:
    """Let the peaks of a GPU's memory begin anew; that of the process cannot."""
    if device.type == "cuda":
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def autocast(device: Any, precision: str) -> Any:
    """The precision of training, for everything outside of the training loop too."""
    import torch

    if precision == "fp32":
        return torch.autocast(device.type, enabled=False)
    return torch.autocast(device.type, dtype=torch_dtype(precision))


def torch_dtype(precision: str) -> Any:
    """torch's name of a precision."""
    import torch

    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]
