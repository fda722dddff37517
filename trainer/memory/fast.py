"""Memory of one pass of the recipe `fast`: all samples in one row of tokens, no logits kept.

Read from trainer/fast/, and held against its real storages by test_memory_fast.py. Compiled, a layer keeps what torch's
min-cut partitioner leaves it: results of matrix products and of attention, and what those read; all else is computed
again. Eager, it keeps what autograd asks for: of each norm an fp32 copy of its input too.
"""

from __future__ import annotations

from .job import Job, Pass
from .packed import Packed, pack

HEAD_ELEMENTS = 2**27
"""Logits that the head computes at once (head.CHUNK_ELEMENTS, which cannot be read without torch)."""

Parts = dict[str, int]


def fast_moments(job: Job, run: Pass) -> dict[str, Parts]:
    """Bytes by part, beside the weights and the optimizer's state, at each moment that can be the peak."""
    shape, width = job.shape, job.width
    packed = pack(job, run)
    kept = kept_activations(job, packed)
    again = 0
    if job.checkpointing:
        # The layer's input is kept already, and in fp32 without compiling so is the first norm's copy of it.
        again = (
            layer_bytes(job, packed)
            - (4 if not job.compiled and not job.mixed else 0) * packed.tokens * shape.hidden
        )
    states = packed.targets * shape.hidden * (4 + 3 * width)
    # ids, positions, places, and the rotary tables taken for each token; the label's place and its target.
    inputs = packed.tokens * (3 * 8 + 2 * width * shape.head_dim) + packed.targets * 2 * 8
    leaves = 4 * job.adapter_parameters
    return {
        "loss": {"activations": kept + inputs + states, "logits": head_bytes(job, packed)},
        "backward": {
            "activations": kept + again + inputs,
            "gradients of activations": backward_bytes(job, packed),
        },
        "gradients joined": {"gradients": leaves * (2 if job.accumulates else 1), "activations": inputs},
    }


def kept_activations(job: Job, packed: Packed) -> int:
    """What the layers keep for the backward pass: everything, or the input of each."""
    shape = job.shape
    inputs = shape.layers * job.width * packed.tokens * shape.hidden
    if job.checkpointing:
        return inputs
    if job.compiled:
        return shape.layers * layer_bytes(job, packed) + inputs
    # Eager, the copy that a norm keeps stands for the layer's input; the first has none, as no gradient goes there.
    first = 4 * packed.tokens * (shape.hidden + 1)
    return shape.layers * layer_bytes(job, packed) - first


def layer_bytes(job: Job, packed: Packed) -> int:
    """What one layer keeps for its backward pass, its input left out."""
    shape, width = job.shape, job.width
    a_token = 2 * 4 + width * job.rank * len(job.targets)
    a_token += _adapted_inputs(job) * width
    if shape.norms_heads:
        a_token += 4 * (shape.heads + shape.kv_heads)
    if job.compiled:
        a_token += width * shape.hidden  # what o gave, of which the second norm's input is made again
        a_token += width * 2 * shape.intermediate
    else:
        a_token += 2 * 4 * shape.hidden + (4 * (shape.query + shape.key) if shape.norms_heads else 0)
        a_token += width * 3 * shape.intermediate
    return packed.tokens * a_token + _attention_bytes(job, packed) + _weight_copies(job)


def _attention_bytes(job: Job, packed: Packed) -> int:
    """q, k and v as the kernel read them, what it gave, and the logarithms of its sums."""
    shape, width = job.shape, job.width
    everything = shape.query + 2 * shape.key
    # The norms of the heads read q and k as the projection gave them, and the kernel reads v there.
    projected = everything if not job.padded_attention or (job.compiled and shape.norms_heads) else 0
    if job.padded_attention:
        rows = packed.sequences * packed.longest
        flat = width * shape.query * packed.tokens if "o_proj" in job.targets else 0
        attended = rows * (width * (everything + shape.query) + 4 * shape.heads)
        return width * projected * packed.tokens + attended + flat
    rotated = shape.query + shape.key
    return packed.tokens * (width * (projected + rotated + shape.query) + 4 * shape.heads)


def _adapted_inputs(job: Job) -> int:
    """Numbers a token that adapted groups keep of their input; o's is the attention's output, counted there."""
    total = 0
    for group in (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"), ("down_proj",)):
        adapted = sum(target in job.targets for target in group)
        # With dropout each adapter keeps an input of its own.
        total += job.shape.linears[group[0]][0] * (adapted if job.dropout > 0 else min(1, adapted))
    if job.dropout > 0 and "o_proj" in job.targets:
        total += job.shape.query
    return total


def _weight_copies(job: Job) -> int:
    """A, scaled and in the run's precision, kept from the forward pass on."""
    linears = job.shape.linears
    return job.width * job.rank * sum(linears[target][0] for target in job.targets)


def head_bytes(job: Job, packed: Packed) -> int:
    """Logits of one chunk of target rows, and what loss and gradient make of them, eager in fp32."""
    vocabulary = job.shape.vocabulary
    chunk = max(16, HEAD_ELEMENTS // vocabulary)
    rows = min(packed.targets, chunk)
    before = job.width if packed.targets > chunk else 0
    if job.compiled:
        return rows * vocabulary * (2 * job.width + before)
    return rows * vocabulary * ((job.width if job.mixed else 0) + 5 * 4 + before)


def backward_bytes(job: Job, packed: Packed) -> int:
    """Gradients of activations that live at once in one layer, where its gated product is undone."""
    shape, width = job.shape, job.width
    gated = 3 if job.compiled else 4
    return packed.tokens * width * (gated * shape.intermediate + 2 * shape.hidden)
