"""Models small enough for a CPU and large enough that activations are most of what a pass needs, and samples of set lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from trainer.imports import peft, transformers
from trainer.memory.shape import Shape, parse_shape
from trainer.samples import IGNORED, Sample

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
RAGGED = (100, 60, 41, 90)
EVEN = (96, 96, 96)


def make_model(
    family: str,
    *,
    precision: str,
    targets: Sequence[str],
    rank: int,
    dropout: float,
    vocabulary: int,
    layers: int = 3,
) -> tuple[Any, Shape]:
    """A PEFT model as the trainer makes one, and its shape."""
    name = {"qwen3": "Qwen3Config", "qwen2": "Qwen2Config", "llama": "LlamaConfig"}[family]
    settings = getattr(transformers(), name)(
        vocab_size=vocabulary, hidden_size=192, intermediate_size=512, num_hidden_layers=layers,
        num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=True,
        **({"head_dim": 48} if family == "qwen3" else {}),
    )  # fmt: skip
    torch.manual_seed(0)
    base = transformers().AutoModelForCausalLM.from_config(settings).to(DTYPES[precision])
    lora = peft().LoraConfig(
        r=rank, lora_alpha=16, lora_dropout=dropout, target_modules=list(targets), task_type="CAUSAL_LM"
    )
    return peft().get_peft_model(base, lora), parse_shape(settings.to_dict(), source="memory_models")


def make_samples(lengths: Sequence[int]) -> list[Sample]:
    """Samples of so many tokens, of which the last two fifths carry loss."""
    return [
        Sample(
            input_ids=(1,) * length,
            labels=(IGNORED,) * (length - 2 * length // 5) + (1,) * (2 * length // 5),
        )
        for length in lengths
    ]


def drop_as_a_gpu(values: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """torch.nn.functional.dropout by the kernel of GPUs, which keeps a byte a number; a CPU's mask is as wide as its input."""
    return torch.native_dropout(values, p, True)[0] if training and p > 0 else values
