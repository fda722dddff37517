"""GPUs that a run may be planned for, and how much of each is there to be used."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 2**30

RESERVED_SHARE = 0.08
"""Share of a GPU's memory that a plan leaves alone: the driver's context and loaded kernels (about half a GiB), buffers
of RCCL or NCCL, and what the caching allocator holds in pieces too small to use. An assumption, on the safe side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """One GPU as a process sees it: of a MI250X, one of its two dies."""

    name: str
    memory_gb: int
    """As its data sheet says."""
    accelerator: str
    """cuda or rocm."""
    lacks: tuple[str, ...] = ()
    """Precisions that it has no arithmetic for."""

    @property
    def capacity_gib(self) -> float:
        """The data sheet's GB taken as 10^9 bytes, the smaller reading.

        Boards often hold more: rocm-smi shows 206141652992 bytes on a MI300X (192 GB; ROCm issue 4750), 7 % above. Where
        error correction takes its share of GDDR6 memory, the rest is close to this reading.
        """
        return self.memory_gb * 1e9 / GIB


# Memory from the makers' data sheets: AMD Instinct MI300X, MI325X, MI355X, MI250X (128 GB on two dies), MI210; AMD Radeon
# RX 7900 XTX, RX 7900 XT, PRO W7900, PRO W7800; NVIDIA H100 SXM, A100 (two sizes), L4, T4 (Turing: no bf16).
GPUS = (
    Gpu(name="MI300X", memory_gb=192, accelerator="rocm"),
    Gpu(name="MI325X", memory_gb=256, accelerator="rocm"),
    Gpu(name="MI355X", memory_gb=288, accelerator="rocm"),
    Gpu(name="MI250X, one die", memory_gb=64, accelerator="rocm"),
    Gpu(name="MI210", memory_gb=64, accelerator="rocm"),
    Gpu(name="RX 7900 XTX", memory_gb=24, accelerator="rocm"),
    Gpu(name="RX 7900 XT", memory_gb=20, accelerator="rocm"),
    Gpu(name="PRO W7900", memory_gb=48, accelerator="rocm"),
    Gpu(name="PRO W7800", memory_gb=32, accelerator="rocm"),
    Gpu(name="H100", memory_gb=80, accelerator="cuda"),
    Gpu(name="A100 80 GB", memory_gb=80, accelerator="cuda"),
    Gpu(name="A100 40 GB", memory_gb=40, accelerator="cuda"),
    Gpu(name="L4", memory_gb=24, accelerator="cuda"),
    Gpu(name="T4", memory_gb=16, accelerator="cuda", lacks=("bf16",)),
)


def usable_gib(capacity_gib: float) -> float:
    """What a run may fill of a GPU's memory."""
    return capacity_gib * (1 - RESERVED_SHARE)
