"""Stand-in for torch: says what a build for ROCm or CUDA says about itself, and computes nothing."""

from torch import cuda, version
from torch.version import __version__

__all__ = ["__version__", "cuda", "version"]
