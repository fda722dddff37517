"""Imports without the compiler: a run that compiles nothing does not wait for what would.

Transformers imports the front end of torch.compile for three decorators and a class, and torch itself for one of these decorators
as soon as a model is made. Transformers imports tensors that are spread over devices, too, for names that it looks at only where
there are some. SymPy, which all of these use, is still imported when a model is made without data: torch's own rules ask for it
(Transformers 5.17, torch 2.11).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
ITEM_MODE = f"{COMPILER}._trace_wrapped_higher_order_op"


def leave_out_compiler() -> None:
    """From now on `torch._dynamo` is a stand-in, which gives way to the real one as soon as anything else is asked of it.

    Where the compiler was imported before, nothing happens. Functions that were decorated by the stand-in keep no mark for the
    compiler: in Transformers those are kernels for fp8 and paged caches, in torch rules for tensors without data.
    """
    if COMPILER in sys.modules:
        return
    stand_in, items = _StandIn(COMPILER), ModuleType(ITEM_MODE)
    stand_in.__path__ = []
    items.TransformGetItemToIndex = _real_item_mode  # type: ignore[attr-defined]
    sys.modules |= {COMPILER: stand_in, ITEM_MODE: items}
    sys.meta_path.insert(0, _Finder())


@contextmanager
def without_spread_tensors() -> Iterator[None]:
    """Meanwhile Transformers is told that torch has no package for several processes, and so is PEFT from now on.

    Ours meet without their help. Whoever looks for such tensors all the same finds them, after their import.
    """
    import torch.distributed
    import transformers.utils
    import transformers.utils.import_utils

    modules = (transformers.utils, transformers.utils.import_utils)
    real = transformers.utils.import_utils.is_torch_distributed_available
    for module in modules:
        module.is_torch_distributed_available = lambda: False
    try:
        yield
    finally:
        for module in modules:
            module.is_torch_distributed_available = real
    layers = sys.modules.get("peft.tuners.tuners_utils")
    if hasattr(layers, "_torch_supports_distributed"):
        layers._torch_supports_distributed = False  # type: ignore[union-attr]
    if not hasattr(torch.distributed, "__getattr__"):
        torch.distributed.__getattr__ = _find_spread_tensors  # type: ignore[method-assign]


def _find_spread_tensors(name: str) -> ModuleType:
    if name != "tensor":
        raise AttributeError(f"module 'torch.distributed' has no attribute {name!r}")
    return importlib.import_module("torch.distributed.tensor")


class _StandIn(ModuleType):
    """The three decorators that are used at import, which leave a function as it is; for anything else, the real module."""

    @staticmethod
    def allow_in_graph(function: Any) -> Any:
        return function

    assume_constant_result = allow_in_graph

    @staticmethod
    def disable(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Any:
        return (lambda later: later) if function is None else function

    def __getattr__(self, name: str) -> Any:
        # What the import system and `inspect` look for on every module is no question to the compiler.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_give_way(), name)


class _Finder(MetaPathFinder):
    """Whoever imports a module of the compiler gets the real one."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith(f"{COMPILER}."):
            return None
        _give_way()
        return importlib.util.spec_from_loader(name, _Imported(importlib.import_module(name)))


class _Imported(Loader):
    """A module that its parent has imported already: loading it again would make a second one."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: Any) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _give_way() -> ModuleType:
    if isinstance(sys.modules.get(COMPILER), _StandIn):
        for name in (COMPILER, ITEM_MODE):
            sys.modules.pop(name, None)
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    return importlib.import_module(COMPILER)


def _real_item_mode() -> Any:
    """What TransformGetItemToIndex() gives: a mode in which some masks are made."""
    _give_way()
    return importlib.import_module(ITEM_MODE).TransformGetItemToIndex()
