"""Memory of one pass of the recipe `walkthrough`: Transformers' Trainer and PEFT, at the moments that can be the peak.

Read from the code of transformers 5.17, peft 0.21 and accelerate 1.15, and held against their real storages by
test_memory_walkthrough.py. All rows are padded to the longest. Under autocast (fp16, bf16) each norm keeps an fp32 copy
of its input, each adapted layer an own copy of its input, and accelerate turns the logits into fp32.
"""

from __future__ import annotations

from .job import Job, Pass

Parts = dict[str, int]


def walkthrough_moments(job: Job, run: Pass) -> dict[str, Parts]:
    """Bytes by part, beside the weights and the optimizer's state, at each moment that can be the peak.

    `backward` is the last layer's gated product: later its attention needs less than the gated product has given back,
    scratch of flash attention's backward (dq in fp32, dk and dv for each head of q) included.
    """
    kept = kept_activations(job, run)
    mask = run.samples * run.row**2 if run.ragged else 0
    inputs = 4 * 8 * run.samples * run.row + mask
    final_norm = 4 * run.samples * run.row * (job.shape.hidden + 1)
    again = 0
    if job.checkpointing:
        # In fp32 the first norm keeps its input as it is, and that is the layer's input, kept already.
        shared = 0 if job.mixed else 4 * run.samples * run.row * job.shape.hidden
        again = layer_bytes(job, run) - shared
    return {
        "loss": {"activations": kept + final_norm + inputs, "logits": logits_bytes(job, run)},
        "backward": {
            "activations": kept + again + inputs,
            "gradients of activations": backward_bytes(job, run),
        },
    }


def kept_activations(job: Job, run: Pass) -> int:
    """What the layers keep for the backward pass: everything, or the input of each."""
    shape, tokens = job.shape, run.samples * run.row
    if job.checkpointing:
        return shape.layers * job.width * tokens * shape.hidden
    # The first norm has nothing to keep: no gradient goes below the first adapter.
    first_norm = 4 * tokens * (shape.hidden + 1)
    # Autocast keeps the half copy of every adapter until the backward pass has used it.
    cast = 2 * job.adapter_parameters if job.mixed else 0
    return shape.layers * layer_bytes(job, run) - first_norm + cast


def layer_bytes(job: Job, run: Pass) -> int:
    """What one layer keeps for its backward pass."""
    shape, width, tokens = job.shape, job.width, run.samples * run.row
    norms = 2 * 4 * (shape.hidden + 1)
    if shape.norms_heads:
        norms += 4 * (shape.query + shape.key + shape.heads + shape.kv_heads)
    # Padding needs a mask, with which no kernel groups queries: k and v are repeated for each head of q.
    keys = 2 * (shape.query if run.ragged else shape.key)
    attention = width * (shape.query + keys + shape.query) + 4 * shape.heads
    bias = width * run.row if run.ragged else 0
    gated = 3 * width * shape.intermediate
    return tokens * (norms + attention + bias + gated + adapter_bytes(job))


def adapter_bytes(job: Job) -> int:
    """What the adapted layers of one layer keep for a token: their inputs, the dropout's mask, the narrow product."""
    total = 0
    for target in job.targets:
        wide = job.shape.linears[target][0]
        total += job.width * job.rank
        if job.dropout > 0:
            total += wide  # native_dropout keeps one byte a number
        if job.mixed or job.dropout > 0:
            total += job.width * wide
    if not job.mixed and job.dropout == 0:
        # In fp32 nothing is cast, and layers of one input share it; o_proj's is the attention's output, kept anyway.
        for group in (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"), ("down_proj",)):
            if any(target in job.targets for target in group):
                total += 4 * job.shape.linears[group[0]][0]
    return total


def logits_bytes(job: Job, run: Pass) -> int:
    """Logits and what the loss makes of them, in fp32.

    Forward: all logits, those of the targets alone, and their log-softmax. Backward: the gradient of all logits twice,
    once without and once with the last column.
    """
    every = 4 * run.samples * run.row * job.shape.vocabulary
    chosen = 4 * run.targets * job.shape.vocabulary
    return max(every + 2 * chosen, 2 * every)


def backward_bytes(job: Job, run: Pass) -> int:
    """Gradients of activations that live at once in one layer: of the gated product, or of a norm in fp32."""
    shape, width, tokens = job.shape, job.width, run.samples * run.row
    gated = width * (3 * shape.intermediate + 2 * shape.hidden)
    if job.mixed and "down_proj" in job.targets:
        gated += 4 * shape.intermediate
    norm = 16 * shape.hidden + 2 * width * shape.hidden
    return tokens * max(gated, norm)
