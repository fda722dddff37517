"""Memory of one pass of the recipe `fast` where forward and backward are written out: read from fast/direct_*.py, line by line.

test_memory_direct.py holds it against the storages of real passes.
"""

from __future__ import annotations

from ..fast.adapters import ALIGNMENT
from ..fast.architecture import GROUPS
from .job import Job, Pass
from .packed import Packed, pack

HEAD_ELEMENTS = 2**28
"""Logits that the head computes at once (direct_network.CHUNK_ELEMENTS, which cannot be read without torch)."""

Parts = dict[str, int]


def direct_moments(job: Job, run: Pass, inputs: int) -> dict[str, Parts]:
    """Bytes by part, beside what is there all the time, at each moment that can be the peak. `inputs`: of all passes."""
    shape, packed = job.shape, pack(job, run)
    token, row = job.width * packed.tokens, job.width * packed.targets
    stream = token * shape.hidden
    # The rotary tables, taken for each token.
    inputs += 2 * token * shape.head_dim
    layer = layer_bytes(job, packed)
    kept = shape.layers * (stream if job.checkpointing else layer)
    again = layer - stream if job.checkpointing else 0
    # What the last layer gave: the stream after its attention, which a layer keeps, and what is added to it.
    given = stream * (2 if job.checkpointing else 1)
    # At the rows of labels: stream and addition, their norm, their sum, and the gradient of the norm.
    states = row * shape.hidden * 4
    return {
        "loss": {"activations": kept + inputs + given + states, "logits": head_bytes(job, packed)},
        "backward": {
            "activations": kept + again + inputs,
            "gradients of activations": stream + max(mlp_bytes(job, packed), attention_bytes(job, packed)),
        },
        "layer computed": {
            "activations": kept + inputs + (again if job.checkpointing else 0),
            "passing": passing_bytes(job, packed),
        },
    }


def found_bytes(job: Job) -> int:
    """All layers' A, scaled, and what the backward pass leaves of A's and B's gradients (direct_linear.AllLayers)."""
    total = 0
    for members in GROUPS.values():
        ranks = job.rank * sum(member in job.targets for member in members)
        width = job.shape.linears[members[0]][0]
        out = sum(job.shape.linears[member][1] for member in members)
        total += job.shape.layers * job.width * ranks * (2 * width + out)
    return total


def room(job: Job, packed: Packed, group: str) -> int:
    """Bytes of a group's input with the narrow products beside it, rows aligned."""
    members = GROUPS[group]
    ranks = job.rank * sum(member in job.targets for member in members)
    columns = job.shape.linears[members[0]][0] + ranks
    return job.width * packed.tokens * (-(-columns // ALIGNMENT) * ALIGNMENT)


def is_adapted(job: Job, group: str) -> bool:
    """Whether any linear layer of the group has an adapter."""
    return any(member in job.targets for member in GROUPS[group])


def layer_bytes(job: Job, packed: Packed) -> int:
    """What one layer keeps for its backward pass: direct_layer.Kept."""
    shape, token = job.shape, job.width * packed.tokens
    rooms = ["qkv", "o", *(group for group in ("gate_up", "down") if is_adapted(job, group))]
    attention = token * (2 * shape.query + 3 * shape.key) + 4 * packed.tokens * shape.heads
    return (
        sum(room(job, packed, group) for group in rooms)
        + attention
        + token * (2 * shape.hidden + 2 * shape.intermediate)
    )


def head_bytes(job: Job, packed: Packed) -> int:
    """Logits of one chunk of target rows, which become their gradient."""
    rows = min(packed.targets, max(16, HEAD_ELEMENTS // job.shape.vocabulary))
    return job.width * rows * job.shape.vocabulary


def mlp_bytes(job: Job, packed: Packed) -> int:
    """Gradients while the MLP is undone: of the gated product; with an adapter on down, of its narrow product too."""
    shape, token = job.shape, job.width * packed.tokens
    ranks = job.rank * sum(member in job.targets for member in GROUPS["down"])
    return token * (shape.intermediate + ranks)


def attention_bytes(job: Job, packed: Packed) -> int:
    """Gradients while attention is undone: of its output, of q, k and v, and a sum for each row."""
    shape, token = job.shape, job.width * packed.tokens
    ranks = job.rank * sum(member in job.targets for member in GROUPS["o"])
    return token * (2 * shape.query + 2 * shape.key + ranks) + 4 * packed.tokens * shape.heads


def passing_bytes(job: Job, packed: Packed) -> int:
    """What a layer holds at its end beside what it keeps, and what it was given."""
    token = job.width * packed.tokens
    # Between attention and the stream, and what goes to the next layer; the same from the layer before, whose stream is kept
    # there unless it is computed again.
    passing = (4 if job.checkpointing else 3) * token * job.shape.hidden
    return passing + sum(
        room(job, packed, group) for group in ("gate_up", "down") if not is_adapted(job, group)
    )
