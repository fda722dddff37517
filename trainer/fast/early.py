"""The compiler imported while the model is read: two seconds of Python beside two of files, device and tokenizer."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from ..config import Config
from .speed import expects_compiler


def import_compiler_meanwhile(config: Config, device: Any) -> None:
    """Begin to import what torch.compile imports, where something is likely to be compiled on a GPU.

    Nobody has to wait for it: who imports the same modules meanwhile waits by itself, as Python locks each. Should it fail,
    the compiler's own import fails again and says so.
    """
    # Should the kernels not pass their check after all, the compiler is imported when it is needed.
    if device.type == "cuda" and expects_compiler(config, on_gpu=True):
        threading.Thread(
            target=importlib.import_module, args=("torch._inductor.compile_fx",), daemon=True
        ).start()
