"""Transformers and PEFT, imported late and without what a run does not need.

Transformers' Trainer imports `datasets` (and with it pandas and pyarrow, 2 s on a laptop core) whenever it is
installed, only to recognise its datasets. Ours are lists, so it is told that there is none; data.py imports it itself
when the hub is asked. Its generation imports scikit-learn likewise (2 s), for a curve of assisted decoding, and its losses import
SciPy and torchvision, which imports torch.compile (6 s on the host of an H100), to detect objects in images.
"""

from __future__ import annotations

import os
from types import ModuleType

UNWANTED = ("datasets", "sklearn", "scipy", "torchvision", "vision")
"""Optional packages, as transformers.utils.is_..._available names them."""


def go_offline() -> None:
    """Keep the hub's client from asking the network about local folders. Before the first import of it."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def transformers() -> ModuleType:
    """The transformers package, with what nobody needs of it hidden and without progress bars."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import transformers as package
    import transformers.utils
    import transformers.utils.import_utils

    for module in (transformers.utils, transformers.utils.import_utils):
        for name in UNWANTED:
            setattr(module, f"is_{name}_available", lambda: False)
    package.utils.logging.disable_progress_bar()
    return package


def peft() -> ModuleType:
    """The PEFT package, after transformers() has prepared the ground."""
    transformers()
    import peft as package

    return package
