"""What one decoder layer of the recipe `fast` keeps for its backward pass, stage by stage.

Compiled, that is what torch's min-cut partitioner leaves: results of matrix products and of attention, what those read, and
dropout's masks; all else is computed again. Eager, it is what autograd asks for: of each norm its input in fp32 too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..fast.architecture import GROUPS
from .job import Job
from .packed import Packed


def layer_bytes(job: Job, packed: Packed, *, first: bool = False) -> int:
    """What one layer keeps, its input left out where it is compiled.

    Of the first layer, `first`, eager code keeps nothing that lies before the group of its first adapter: no gradient goes there.
    """
    total = 0
    reached = not first
    for name, members in GROUPS.items():
        adapted = [target for target in members if target in job.targets]
        if reached:
            total += _norm_bytes(job, packed, name)
        reached = reached or bool(adapted)
        if adapted:
            total += _adapter_bytes(job, packed, name, adapted)
        if reached:
            total += sum(_results(job, packed, name))
    return total


def _norm_bytes(job: Job, packed: Packed, name: str) -> int:
    """The norm before a group: a root for each token, and eager its input in fp32."""
    if name not in ("qkv", "gate_up"):
        return 0
    return 4 * packed.tokens * (1 + (0 if job.compiled else job.shape.hidden))


def _adapter_bytes(job: Job, packed: Packed, name: str, adapted: list[str]) -> int:
    """The input that each A's gradient needs, the narrow product, and A itself, scaled and in the run's precision."""
    width, wide = job.width, job.shape.linears[adapted[0]][0]
    narrow = width * job.rank * len(adapted)
    if job.dropout > 0:
        # Each adapter drops entries of its own, and keeps a byte for each that says which.
        kept = packed.tokens * (width + 1) * wide * len(adapted)
    elif name == "o" and job.attention != "padded":
        kept = 0  # The attention's output, which it keeps itself.
    else:
        kept = packed.tokens * width * wide
    return kept + packed.tokens * narrow + narrow * wide


def _results(job: Job, packed: Packed, name: str) -> Iterator[int]:
    """What follows a group's product."""
    shape, width, tokens = job.shape, job.width, packed.tokens
    if name == "qkv":
        yield from _attention(job, packed)
    elif name == "o" and job.compiled:
        # Of which the second norm's input is made again.
        yield width * tokens * shape.hidden
    elif name == "gate_up":
        # Neither a compiled layer nor a kernel of our own keeps what silu gave.
        yield width * tokens * shape.intermediate * (2 if job.compiled or job.attention == "triton" else 3)


def _attention(job: Job, packed: Packed) -> Iterator[int]:
    """q, k and v as the kernel read them, what it gave, and the logarithms of its sums."""
    shape, width, tokens = job.shape, job.width, packed.tokens
    projected = width * tokens * (shape.query + 2 * shape.key)
    rotated = width * tokens * (shape.query + shape.key)
    if shape.norms_heads and job.attention != "triton":
        yield 4 * tokens * (shape.heads + shape.kv_heads)
        if job.mixed and not job.compiled:
            yield 4 * tokens * (shape.query + shape.key)
    if job.attention != "padded":
        # The norms of the heads read q and k as the projection gave them, and the kernel reads v there.
        yield projected + rotated + tokens * (width * shape.query + 4 * shape.heads)
        return
    rows = packed.sequences * packed.longest
    yield rows * (width * 2 * (shape.query + shape.key) + 4 * shape.heads)
    if job.compiled:
        # Zeros of the output's shape, into which its gradient will be put.
        yield width * rows * shape.query
        yield projected if shape.norms_heads else 0
    else:
        # Copying into padded rows keeps what was copied.
        yield projected + rotated
