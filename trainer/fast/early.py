"""The compiler imported while the model is read: two seconds of Python beside two of files, device and tokenizer."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from ..config import Config


def import_compiler_meanwhile(config: Config, device: Any) -> None:
    """Begin to import what torch.compile imports, where something will be compiled on a GPU.

    Nobody has to wait for it: who imports the same modules meanwhile waits by itself, as Python locks each. Should it fail,
    the compiler's own import fails again and says so.
    """
    if device.type == "cuda" and config.fast.compile != "off":
        threading.Thread(
            target=importlib.import_module, args=("torch._inductor.compile_fx",), daemon=True
        ).start()
