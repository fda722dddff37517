"""Memory of one pass of the recipe `fast`: all samples in one row of tokens, no logits kept.

Read from trainer/fast/. test_memory_fast.py holds it against the storages of real eager passes, and against what the
partitioner keeps of a compiled layer. What only a GPU shows is assumed: that inductor's kernels take no memory of their own
and compute the loss of a chunk without fp32 copies of its logits, that attention's scratch is never the peak, and that padded
attention runs a kernel that keeps no scores, as a CPU's does.
"""

from __future__ import annotations

from ..fast.architecture import GROUPS
from .direct import direct_moments
from .fast_layer import layer_bytes
from .job import Job, Pass
from .packed import Packed, pack

HEAD_ELEMENTS = 2**27
"""Logits that the head computes at once (head.CHUNK_ELEMENTS, which cannot be read without torch)."""

Parts = dict[str, int]


def fast_moments(job: Job, run: Pass) -> dict[str, Parts]:
    """Bytes by part, beside the weights and the optimizer's state, at each moment that can be the peak."""
    shape = job.shape
    packed = pack(job, run)
    if job.direct:
        return direct_moments(job, run, max(job.inputs, input_bytes(packed.tokens, packed.targets)))
    kept = kept_activations(job, packed)
    inputs = max(job.inputs, input_bytes(packed.tokens, packed.targets))
    # The rotary tables, taken for each token.
    inputs += 2 * job.width * packed.tokens * shape.head_dim
    # The final norm's input in fp32 and its result, and the gradient of that, which the head computes.
    states = packed.targets * shape.hidden * (4 + 2 * job.width)
    leaves = 4 * job.adapter_parameters
    return {
        "loss": {"activations": kept + inputs + states, "logits": head_bytes(job, packed)},
        "backward": {
            "activations": kept + recomputed(job, packed) + inputs,
            "gradients of activations": backward_bytes(job, packed),
        },
        "layer computed": {
            "activations": kept + recomputed(job, packed) + inputs,
            "passing": passing_bytes(job, packed),
        },
        "gradients joined": {"gradients": leaves * (2 if job.accumulates else 1), "activations": inputs},
    }


def input_bytes(tokens: int, targets: int) -> int:
    """Inputs on the device: ids, positions and places of each token; place and label of each target."""
    return 8 * (3 * tokens + 2 * targets)


def kept_activations(job: Job, packed: Packed) -> int:
    """What the layers keep for the backward pass: everything, or the input of each."""
    shape = job.shape
    inputs = shape.layers * job.width * packed.tokens * shape.hidden
    if job.checkpointing:
        return inputs
    if job.compiled:
        return shape.layers * layer_bytes(job, packed) + inputs
    # Eager, what the first norm keeps of its input stands for it.
    return (shape.layers - 1) * layer_bytes(job, packed) + layer_bytes(job, packed, first=True)


def recomputed(job: Job, packed: Packed) -> int:
    """What the layer that is computed again keeps; its input, which eager fp32 counts among it, lies there already."""
    if not job.checkpointing:
        return 0
    shared = 0 if job.compiled or job.mixed else 4 * packed.tokens * job.shape.hidden
    return layer_bytes(job, packed) - shared


def head_bytes(job: Job, packed: Packed) -> int:
    """Logits of one chunk of target rows, and what loss and gradient make of them, eager in fp32."""
    vocabulary = job.shape.vocabulary
    rows = min(packed.targets, max(16, HEAD_ELEMENTS // vocabulary))
    if job.compiled:
        return rows * vocabulary * 2 * job.width
    return rows * vocabulary * ((job.width if job.mixed else 0) + 5 * 4)


def backward_bytes(job: Job, packed: Packed) -> int:
    """Gradients of activations that live at once in one layer, where its gated product is undone.

    Those of the product and of its two factors; the product itself, where it is what an adapter of down keeps, is gone by
    then.
    """
    gated = 2 if "down_proj" in job.targets and job.dropout == 0 else 3
    return packed.tokens * job.width * (gated * job.shape.intermediate + job.shape.hidden)


def passing_bytes(job: Job, packed: Packed) -> int:
    """What an eager layer holds at its end beside what it keeps: its own variables, its result and the gradient to come.

    Compiled, each is given back after its last use, and less than in the backward pass is left.
    """
    if job.compiled:
        return 0
    shape = job.shape
    numbers = 2 * shape.hidden
    if job.mixed:
        numbers += shape.hidden  # The second norm keeps an fp32 copy of its input instead.
    # Inputs of linear layers, unless an adapter keeps them as they are.
    for group, wide in ("o", shape.query), ("gate_up", shape.hidden), ("down", shape.intermediate):
        adapted = any(target in job.targets for target in GROUPS[group])
        if job.dropout > 0 or not adapted:
            numbers += wide
    if "down_proj" in job.targets:
        numbers += shape.intermediate + job.rank  # Both inputs of its product side by side.
    return packed.tokens * job.width * numbers
