"""Memory of one pass of the recipe `walkthrough`: Transformers' Trainer and PEFT, at the moments that can be the peak.

Read from the code of transformers 5.17, peft 0.21 and accelerate 1.15; test_memory_walkthrough.py holds it against the storages
of real steps on a CPU, in fp32 and bf16. Only a GPU shows what is assumed: that fp16 keeps what bf16 does, that attention keeps
there what it keeps on a CPU, and that its scratch is never the peak. All rows are padded to the longest. Under autocast (fp16,
bf16) each norm keeps an fp32 copy of its input, each adapted layer an own copy of its input, and accelerate turns the logits
into fp32.
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
    # Autocast keeps the half copy of every adapter until the backward pass has used it.
    cast = 2 * job.adapter_parameters if job.mixed else 0
    return (shape.layers - 1) * layer_bytes(job, run) + layer_bytes(job, run, first=True) + cast


def layer_bytes(job: Job, run: Pass, *, first: bool = False) -> int:
    """What one layer keeps for its backward pass.

    Of the first layer, `first`, nothing is kept that lies before the group of its first adapter: no gradient goes there.
    """
    tokens = run.samples * run.row
    reached = not first
    a_token = adapter_bytes(job)
    for members, norm, results in (
        (("q_proj", "k_proj", "v_proj"), True, attention_bytes(job, run)),
        (("o_proj",), False, 0),
        (("gate_proj", "up_proj"), True, 3 * job.width * job.shape.intermediate),
    ):
        if reached and norm:
            a_token += 4 * (job.shape.hidden + 1)
        reached = reached or any(target in job.targets for target in members)
        if reached:
            a_token += results
    return tokens * a_token


def attention_bytes(job: Job, run: Pass) -> int:
    """What the norms of the heads and attention keep for a token."""
    shape, width = job.shape, job.width
    # Padding needs a mask, with which no kernel groups queries: k and v are repeated for each head of q.
    keys = 2 * (shape.query if run.ragged else shape.key)
    total = width * (shape.query + keys + shape.query) + 4 * shape.heads
    if run.ragged:
        total += width * run.row  # The mask, in the width of the scores.
    if shape.norms_heads:
        total += 4 * (shape.query + shape.key + shape.heads + shape.kv_heads)
    return total


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
    """Gradients of activations that live at once in one layer: of the gated product, or of a norm in fp32.

    Those of the product and of its two factors; where an adapter of down keeps the product as it is, that is gone by then.
    Under autocast the adapter's own gradient of it is made in fp32 first, and with dropout once more.
    """
    shape, width, tokens = job.shape, job.width, run.samples * run.row
    adapted = "down_proj" in job.targets
    gated = width * ((2 if adapted and not job.mixed else 3) * shape.intermediate + shape.hidden)
    if adapted and job.mixed:
        gated += 4 * shape.intermediate * (2 if job.dropout > 0 else 1)
    norm = 16 * shape.hidden + 2 * width * shape.hidden
    return tokens * max(gated, norm)
