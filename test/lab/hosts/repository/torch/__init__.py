"""Stand-in for torch: says what a build for ROCm or CUDA says about itself, and computes only whether it would be right."""

from torch import cuda, version
from torch.tensor import *  # noqa: F403
from torch.tensor import finfo
from torch.version import __version__

__all__ = ["__version__", "cuda", "finfo", "get_num_threads", "version"]


def get_num_threads() -> int:
    """How many threads it would take."""
    return 1
