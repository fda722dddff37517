"""The predicted memory of recipe `fast` against what its passes hold: real eager ones, and a compiled layer as it is traced."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from memory_models import ALL, ATTENTION, EVEN, RAGGED, drop_as_a_gpu, make_model, make_samples
from storages import Storages, rounded

from trainer.fast.adapters import take_over
from trainer.fast.architecture import read_architecture
from trainer.fast.inputs import longest_sequence, upload
from trainer.fast.network import Network
from trainer.fast.packing import make_packs
from trainer.memory.fast import fast_moments, input_bytes, kept_activations
from trainer.memory.fast_layer import layer_bytes
from trainer.memory.job import Job, Pass, pass_of
from trainer.memory.packed import pack
from trainer.order import Plan

RANK = 8
BAR = 0.05
LARGE, SMALL = 4000, 64
"""Vocabularies: with one the loss needs most, with the other a layer's backward pass."""


class Subject:
    """A network, one pass through it, and what is asked of the prediction."""

    def __init__(
        self,
        family: str,
        precision: str,
        lengths: Sequence[int],
        *,
        targets: Sequence[str] = ALL,
        rank: int = RANK,
        dropout: float = 0.0,
        recompute: bool = False,
        vocabulary: int = LARGE,
        compiled: bool = False,
        direct: bool = False,
        attention: str = "padded",
    ) -> None:
        model, shape = make_model(
            family, precision=precision, targets=targets, rank=rank, dropout=dropout, vocabulary=vocabulary
        )
        self.model = model
        self.architecture = read_architecture(model.get_base_model().config, tuple(targets))
        self.samples = make_samples(lengths)
        self.adapters = take_over(model, rank=rank, scaling=2.0)
        plan = Plan(steps=((tuple(range(len(lengths))),),), ranks=1)
        (self.packs,) = make_packs(self.samples, plan, rank=0, at_once=None, fixed_shapes=compiled or direct)
        self.longest = longest_sequence(self.packs, fixed_shapes=compiled or direct)
        self.network = Network(
            model,
            self.architecture,
            self.adapters,
            attention=attention,
            dropout=dropout,
            compiled=compiled,
            recompute=recompute,
            longest=self.longest,
        )
        self.job = Job(
            shape=shape,
            recipe="fast",
            precision=precision,
            rank=rank,
            targets=tuple(targets),
            dropout=dropout,
            checkpointing=recompute,
            ranks=1,
            accumulates=False,
            direct=direct,
            compiled=compiled,
            attention="triton" if direct else attention,
            graphs="off",
        )
        self.run: Pass = pass_of(
            [len(sample.input_ids) for sample in self.samples], [s.num_targets for s in self.samples]
        )

    def upload(self) -> Any:
        """The inputs of the pass."""
        (inputs,) = upload(self.samples, self.packs, [100], longest=[self.longest], device="cpu")
        return inputs


@pytest.fixture
def dropout_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.nn.functional, "dropout", drop_as_a_gpu)


CASES = [
    ("qwen3", "fp32", RAGGED, {}),
    ("qwen3", "bf16", EVEN, {"targets": ATTENTION, "vocabulary": SMALL}),
    ("qwen3", "bf16", RAGGED, {"dropout": 0.05, "rank": 32}),
    ("qwen3", "bf16", EVEN, {"recompute": True, "vocabulary": SMALL}),
    ("qwen2", "bf16", RAGGED, {"targets": ("q_proj", "v_proj"), "rank": 16}),
    ("qwen2", "fp32", RAGGED, {"recompute": True, "targets": ATTENTION, "vocabulary": SMALL}),
    ("llama", "fp32", EVEN, {"dropout": 0.05, "targets": ("gate_proj", "down_proj")}),
    ("llama", "bf16", RAGGED, {"recompute": True, "dropout": 0.05, "vocabulary": SMALL}),
]


@pytest.mark.parametrize(("family", "precision", "lengths", "changes"), CASES)
@pytest.mark.usefixtures("dropout_of_a_gpu")
def test_a_pass_holds_what_was_predicted_at_its_peak_and_when_its_loss_is_known(
    family: str, precision: str, lengths: Sequence[int], changes: dict[str, Any]
) -> None:
    subject = Subject(family, precision, lengths, **changes)
    total, scale = torch.zeros(subject.adapters.flat.numel() + 1), torch.tensor(1.0)
    with Storages() as storages:
        inputs = subject.upload()
        loss = subject.network.loss(inputs, scale, longest=subject.longest)
        held = storages.bytes
        del loss
        storages.restart()
        subject.network.add_gradient(inputs, scale, total, first=True, longest=subject.longest)
    moments = fast_moments(subject.job, subject.run)
    predicted = max(sum(parts.values()) for parts in moments.values())
    assert predicted == pytest.approx(storages.peak, rel=BAR), storages.table()
    shape, packed = subject.job.shape, pack(subject.job, subject.run)
    # Beside what the layers keep: the inputs, the rotary tables, and the final norm's input and its gradient.
    beside = (
        input_bytes(packed.tokens, packed.targets) + 2 * subject.job.width * packed.tokens * shape.head_dim
    )
    beside += packed.targets * shape.hidden * (4 + subject.job.width)
    assert kept_activations(subject.job, packed) + beside == pytest.approx(held, rel=BAR)


class Traced(Exception):
    """The forward graph of a layer is known: nothing has to be compiled."""


def kept_by_the_partitioner(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes that the compiled layer's forward graph hands to its backward graph, inputs and weights left out."""
    from torch._inductor.compile_fx import compile_fx

    graphs: list[Any] = []
    # Sizes that differ from those of a layer compiled before would be taken for sizes that change.
    torch._dynamo.reset()

    def take(graph: Any, *_: Any, **__: Any) -> None:
        graphs.append(graph)
        raise Traced

    backend = functools.partial(compile_fx, inner_compile=take)
    monkeypatch.setattr(
        subject.network,
        "_layer",
        torch.compile(subject.network._layer._torchdynamo_orig_callable, backend=backend),
    )
    with pytest.raises(Exception, match="Traced"):
        subject.network.loss(subject.upload(), torch.tensor(1.0), longest=subject.longest)
    nodes = list(graphs[0].graph.nodes)

    def storage(node: Any) -> Any:
        return node.meta["val"].untyped_storage()

    def has_storage(node: Any) -> bool:
        return isinstance(getattr(node, "meta", {}).get("val"), torch.Tensor)

    outputs = [node for node in nodes[-1].args[0] if has_storage(node)]
    given = {storage(node)._cdata for node in nodes if node.op == "placeholder" and has_storage(node)}
    # The first output is the layer's own.
    given.add(storage(outputs[0])._cdata)
    kept = {storage(node)._cdata: int(storage(node).nbytes()) for node in outputs}
    return sum(rounded(size) for key, size in kept.items() if key not in given)


@pytest.mark.parametrize(
    ("family", "precision", "attention", "changes"),
    [
        ("qwen3", "fp16", "triton", {"targets": ATTENTION}),
        ("qwen3", "bf16", "padded", {"dropout": 0.05, "targets": ("q_proj", "down_proj")}),
    ],
)
def test_a_compiled_layer_keeps_what_was_predicted(
    family: str, precision: str, attention: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Subject(family, precision, RAGGED, compiled=True, attention=attention, **changes)
    found = kept_by_the_partitioner(subject, monkeypatch)
    assert layer_bytes(subject.job, pack(subject.job, subject.run)) == pytest.approx(found, rel=BAR)
