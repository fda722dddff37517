"""Small models of the three families with adapters that already do something, for tests of the recipe `fast`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer.fast.adapters import Adapters, take_over
from trainer.fast.architecture import read_architecture
from trainer.fast.inputs import longest_sequence, upload
from trainer.fast.make_network import make_network
from trainer.fast.modes import Modes
from trainer.fast.packing import make_packs
from trainer.imports import peft, transformers
from trainer.order import Plan
from trainer.samples import IGNORED, Sample

RANK = 4
ALPHA = 8
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
VOCABULARY = 97


def make_model(family: str, targets: Sequence[str] = ALL, *, dropout: float = 0.0) -> Any:
    """A PEFT model of three layers; its biases and every B are not zero, as they would be in the beginning."""
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": family != "llama",
    }
    name = {"qwen3": "Qwen3Config", "qwen2": "Qwen2Config", "llama": "LlamaConfig"}[family]
    settings = getattr(transformers(), name)(**sizes, **({"head_dim": 32} if family == "qwen3" else {}))
    torch.manual_seed(0)
    model = peft().get_peft_model(
        transformers().AutoModelForCausalLM.from_config(settings),
        peft().LoraConfig(
            r=RANK,
            lora_alpha=ALPHA,
            lora_dropout=dropout,
            target_modules=list(targets),
            task_type="CAUSAL_LM",
        ),
    )
    for key, parameter in model.named_parameters():
        if "lora_B" in key or key.endswith("bias"):
            parameter.data.normal_(0, 0.2)
    return model


def make_samples(count: int, *, seed: int = 1) -> list[Sample]:
    """Samples of 5 to 40 tokens, the last part of each labelled."""
    generator = random.Random(seed)
    samples = []
    for _ in range(count):
        ids = tuple(generator.randrange(VOCABULARY) for _ in range(generator.randint(5, 40)))
        masked = generator.randint(1, len(ids) - 1)
        samples.append(Sample(input_ids=ids, labels=(IGNORED,) * masked + ids[masked:]))
    return samples


@dataclass
class Fast:
    """The recipe's network on one step of samples, and where each PEFT parameter lies in its flat gradient."""

    network: Any
    adapters: Adapters
    inputs: list[Any]
    longest: int
    names: dict[str, tuple[int, torch.Size]]

    def gradients(self, scale: float = 1.0) -> tuple[float, dict[str, torch.Tensor]]:
        """Loss, and the gradient of every PEFT parameter by name."""
        total = torch.empty(self.adapters.flat.numel() + 1)
        for number, inputs in enumerate(self.inputs):
            self.network.add_gradient(
                inputs, torch.tensor(scale), total, first=number == 0, longest=self.longest
            )
        flat = total[:-1] / scale
        found = {
            name: flat[start : start + shape.numel()].view(shape)
            for name, (start, shape) in self.names.items()
        }
        return total[-1].item(), found


def make_fast(
    model: Any,
    samples: Sequence[Sample],
    *,
    at_once: int | None = None,
    filled: bool = False,
    direct: bool = False,
    compiled: bool = False,
    recompute: bool = False,
    dropout: float = 0.0,
    targets: Sequence[str] = ALL,
) -> Fast:
    """Take a model over for one step over all `samples`; `direct` needs Triton's interpreter."""
    adapters = take_over(model, rank=RANK, scaling=ALPHA / RANK)
    plan = Plan(steps=((tuple(range(len(samples))),),), ranks=1)
    (packs,) = make_packs(samples, plan, rank=0, at_once=at_once, fixed_shapes=filled)
    longest = longest_sequence(packs, fixed_shapes=filled)
    total = sum(sample.num_targets for sample in samples)
    known = {id(parameter): name for name, parameter in model.named_parameters()}
    return Fast(
        network=make_network(
            model,
            read_architecture(model.get_base_model().config, tuple(targets)),
            adapters,
            Modes(
                attention="triton" if direct else "padded",
                direct=direct,
                compiled=compiled,
                graphed=False,
                samples_at_once=at_once,
                recompute=recompute,
            ),
            dropout=dropout,
            longest=longest,
        ),
        adapters=adapters,
        inputs=upload(samples, packs, [total] * len(packs), longest=[longest] * len(packs), device="cpu"),
        longest=longest,
        names={
            known[id(parameter)]: ((view.data_ptr() - adapters.flat.data_ptr()) // 4, view.shape)
            for parameter, view in adapters.owners
        },
    )


def peft_gradients(model: Any, samples: Sequence[Sample]) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients as PEFT computes them, one sample after the other: no padding, no neighbours."""
    total = sum(sample.num_targets for sample in samples)
    loss: Any = 0.0
    for sample in samples:
        logits = model(input_ids=torch.tensor([sample.input_ids])).logits[0, :-1].float()
        labels = torch.tensor(sample.labels[1:])
        chosen = labels != IGNORED
        loss = (
            loss + torch.nn.functional.cross_entropy(logits[chosen], labels[chosen], reduction="sum") / total
        )
    loss.backward()
    found = {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    model.zero_grad()
    return loss.item(), found
