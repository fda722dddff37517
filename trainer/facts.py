"""What this process really runs on: packages, devices, and whether the device computes rightly."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from statistics import median
from typing import Any

PACKAGES = ("torch", "transformers", "peft", "accelerate", "safetensors", "tokenizers", "datasets", "numpy")


def package_versions() -> dict[str, str | None]:
    """Installed versions, null for what is not there. Imports nothing."""
    versions: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def installed_facts(device: Any) -> dict[str, Any]:
    """What the trainer found on its node, for the fingerprint in the record."""
    import torch

    on_gpu = device.type == "cuda"
    properties = torch.cuda.get_device_properties(device) if on_gpu else None
    return {
        **package_versions(),
        "torch": torch.__version__,
        "hip": torch.version.hip,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "device": properties.name if properties else processor_name(),
        "gfx": getattr(properties, "gcnArchName", None) if torch.version.hip else None,
        "threads": torch.get_num_threads(),
    }


def processor_name() -> str:
    """The CPU's own name where the system tells it, its architecture elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def probe_facts() -> dict[str, Any]:
    """Everything that `python -m trainer probe` prints."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    devices = [torch.device("cuda", index) for index in range(count)]
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memoryGiB": memory_gib(),
        "hip": torch.version.hip,
        "cuda": torch.version.cuda,
        "accelerator": ("rocm" if torch.version.hip else "cuda") if devices else "cpu",
        "packages": package_versions() | {"torch": torch.__version__},
        "devices": [_device_facts(device) for device in devices],
        "checks": compare_copies([check_device(device) for device in devices or [torch.device("cpu")]]),
    }


def memory_gib() -> float | None:
    """Memory of the machine, in GiB."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        return None


def _device_facts(device: Any) -> dict[str, Any]:
    import torch

    properties = torch.cuda.get_device_properties(device)
    return {
        "index": device.index,
        "name": properties.name,
        "memoryGiB": properties.total_memory / 2**30,
        "gfx": getattr(properties, "gcnArchName", None) if torch.version.hip else None,
        "computeUnits": properties.multi_processor_count,
    }


# Largest error of an entry of A @ B over |A| @ |B|, in units of the precision's epsilon. Rounding the two factors and
# the result costs at most 3 half units; accumulation in fp32 adds little for fp16 and bf16, and for fp32 grows with the
# square root of the 256 terms. 16 leaves room for TF32-free kernels of any order, and is far below a wrong result.
ALLOWED_EPSILONS = 16.0


def check_matmul(device: Any, size: int = 256) -> dict[str, Any]:
    """One small product in each precision, against fp64 on the CPU: does the device compute at all, and rightly?"""
    import torch

    generator = torch.Generator().manual_seed(0)
    left = torch.randn(size, size, dtype=torch.float64, generator=generator)
    right = torch.randn(size, size, dtype=torch.float64, generator=generator)
    errors: dict[str, float] = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)):
        a, b = left.to(dtype), right.to(dtype)
        exact = a.double() @ b.double()
        scale = a.double().abs() @ b.double().abs()
        found = (a.to(device) @ b.to(device)).cpu().double()
        errors[name] = ((found - exact).abs() / scale).max().item() / torch.finfo(dtype).eps
    return {
        "device": str(device),
        "ok": all(error <= ALLOWED_EPSILONS for error in errors.values()),
        "errorInEpsilons": {name: round(error, 4) for name, error in errors.items()},
    }


def check_device(device: Any) -> dict[str, Any]:
    """Whether a device is fit: it allocates, computes rightly and copies without a fault, and how fast it copies."""
    matmul, copy = check_matmul(device), check_copy(device)
    return {**matmul, **copy, "ok": matmul["ok"] and copy["copyIsExact"]}


COPIED_FLOATS = 2**24


def check_copy(device: Any) -> dict[str, Any]:
    """Random numbers there, within the device, and back; and the bandwidth within, read plus write, in GB/s."""
    import torch

    from .efficiency.ceilings import time_repeats

    pattern = torch.randn(COPIED_FLOATS, generator=torch.Generator().manual_seed(0))
    source = pattern.to(device)
    target = torch.empty(COPIED_FLOATS, device=device)
    seconds = time_repeats(lambda: target.copy_(source), device, 0.1)
    return {
        "copyIsExact": bool(torch.equal(target.cpu(), pattern)),
        "copyGBs": round(2 * 4 * COPIED_FLOATS / max(median(seconds), 1e-9) / 1e9, 1),
    }


SLOW_SHARE = 0.5
"""A device that copies at less than this share of its equals' median is not fit: devices of one kind differ by percents."""


def compare_copies(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The checks of devices of one machine, those that copy far slower than the others marked as not ok."""
    usual = median(check["copyGBs"] for check in checks)
    return [
        check if check["copyGBs"] >= SLOW_SHARE * usual else {**check, "ok": False, "usualCopyGBs": usual}
        for check in checks
    ]
