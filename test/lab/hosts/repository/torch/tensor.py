"""Tensors without numbers: each knows its shape, where it lies, and whether the GPU that made it computes rightly.

A result is the one that was expected, except what comes from a GPU that the lab has made compute wrongly. That is all
that a check of a device can see, and a product of two large matrices costs nothing.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["Generator", "OutOfMemoryError", "Tensor", "device"]
SIZES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "uint8": 1}
EPSILONS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


class OutOfMemoryError(RuntimeError):
    """What torch raises where a device has no memory left."""


class dtype(str):
    """A type of numbers, by its name."""


for _name in SIZES:
    globals()[_name] = dtype(_name)
    __all__.append(_name)


def finfo(kind: str) -> SimpleNamespace:
    """The epsilon of a type."""
    return SimpleNamespace(eps=EPSILONS[kind])


class device:
    """A place for tensors: `cpu`, or `cuda` with an index."""

    def __init__(self, kind: Any, index: int | None = None) -> None:
        text = str(kind)
        self.type, _, number = text.partition(":")
        self.index = int(number) if number else (0 if index is None and self.type == "cuda" else index)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Generator:
    """Seeds nothing, since there are no numbers."""

    def __init__(self, device: Any = "cpu") -> None:
        pass

    def manual_seed(self, seed: int) -> Generator:
        """Take a seed, as torch's does."""
        return self


def _is(fault: str, place: device) -> bool:
    """Whether the lab has made something go wrong with a GPU: `wrong`, `slow` or `full`."""
    if place.type != "cuda":
        return False
    used.index = place.index
    return place.index in json.loads(Path("/lab/gpu-faults.json").read_text())[fault]


used = SimpleNamespace(index=0)
"""The GPU that has worked last: events are on it."""


class Tensor:
    """What there is to know of a tensor, but for its numbers."""

    def __init__(self, shape: tuple[int, ...], kind: str, place: Any, wrong: bool = False) -> None:
        self.shape, self.dtype, self.device, self.wrong = shape, kind, device(place), wrong

    def _like(self, *others: Any, **changes: Any) -> Tensor:
        wrong = self.wrong or any(isinstance(other, Tensor) and other.wrong for other in others)
        made = {"shape": self.shape, "kind": self.dtype, "place": self.device} | changes
        return Tensor(**made, wrong=wrong or _is("wrong", device(made["place"])))

    def __matmul__(self, other: Tensor) -> Tensor:
        return self._like(other, shape=(*self.shape[:-1], other.shape[-1]))

    def _with(self, *others: Any) -> Tensor:
        return self._like(*others)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _with

    def to(self, *where: Any, **options: Any) -> Tensor:
        """Move or convert; a copy to a GPU and back is never wrong."""
        made = Tensor(self.shape, self.dtype, self.device, self.wrong)
        for each in [*where, *options.values()]:
            if isinstance(each, dtype):
                made.dtype = each
            elif not isinstance(each, bool):
                made.device = device(each)
        return made

    def cpu(self) -> Tensor:
        """The same on the CPU."""
        return self.to("cpu")

    def cuda(self, index: int = 0) -> Tensor:
        """The same on a GPU."""
        return self.to(device("cuda", index))

    def double(self) -> Tensor:
        """The same in fp64."""
        return self.to(dtype("float64"))

    def float(self) -> Tensor:
        """The same in fp32."""
        return self.to(dtype("float32"))

    def _alike(self, *_: Any, **__: Any) -> Tensor:
        return self._like()

    abs = clone = copy_ = contiguous = detach = fill_ = pin_memory = square = sqrt = zero_ = _alike

    def _one(self, *_: Any, **__: Any) -> Tensor:
        return self._like(shape=())

    max = mean = min = norm = sum = all = any = _one

    def item(self) -> float:
        """No difference from what was expected, or all of it."""
        return 1.0 if self.wrong else 0.0

    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    nelement = numel

    def element_size(self) -> int:
        """Bytes of an element."""
        return SIZES[self.dtype]


def _new(*shape: Any, dtype: str = "float32", device: Any = "cpu", generator: Any = None, **_: Any) -> Tensor:
    sizes = tuple(shape[0]) if shape and isinstance(shape[0], tuple | list) else shape
    made = Tensor(sizes, dtype, device)
    if _is("full", made.device):
        raise OutOfMemoryError(
            f"HIP out of memory. Tried to allocate {made.numel() * made.element_size()} bytes."
        )
    return made


def equal(one: Tensor, other: Tensor) -> bool:
    """Whether two are the same."""
    return not (one.wrong or other.wrong)


def allclose(one: Tensor, other: Tensor, **_: Any) -> bool:
    """Whether two are nearly the same."""
    return equal(one, other)


empty = ones = rand = randn = zeros = _new
__all__ += ["allclose", "empty", "equal", "ones", "rand", "randn", "zeros"]
