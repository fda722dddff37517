"""A Qwen3 model with random weights in the hub's format, made layer by layer: no more than one file is ever in memory."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .shapes import Sizes

SPREAD = 0.02
"""Qwen3's own `initializer_range`. What adds to the residual stream is smaller by the root of twice the layers (GPT-2's
rule), so that states stay near 1 and fp16's range (65,504) is far away."""


def make_model(folder: Path, sizes: Sizes, *, dtype: str, device: Any, seed: int) -> None:
    """Write config.json, one safetensors file a layer, one for the embedding and the last norm, and their index."""
    import torch
    from safetensors.torch import save_file

    model_config(sizes, dtype=dtype).save_pretrained(folder)
    generator = torch.Generator(device).manual_seed(seed)
    places: dict[str, str] = {}
    num_bytes = 0
    parts = list(_parts(sizes))
    for number, part in enumerate(parts, start=1):
        tensors = {
            name: _fill(shape, spread, generator, device).to(getattr(torch, dtype)).cpu()
            for name, (shape, spread) in part.items()
        }
        file = f"model-{number:05d}-of-{len(parts):05d}.safetensors"
        save_file(tensors, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(tensors, file)
        num_bytes += sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": num_bytes}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def model_config(sizes: Sizes, *, dtype: str) -> Any:
    """Qwen3's config with these sizes; all else is Qwen3-1.7B's own, but for the end and pad tokens.

    These are the bundled tokenizer's, which goes with the model: it uses the first 4,096 ids of the vocabulary.
    """
    from ..imports import transformers

    return transformers().Qwen3Config(
        architectures=["Qwen3ForCausalLM"],
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        intermediate_size=sizes.intermediate,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.kv_heads,
        head_dim=sizes.head_dim,
        hidden_act="silu",
        max_position_embeddings=40_960,
        max_window_layers=sizes.layers,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        attention_bias=False,
        attention_dropout=0.0,
        tie_word_embeddings=True,
        initializer_range=SPREAD,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
        dtype=dtype,
    )


def _parts(sizes: Sizes) -> Iterator[dict[str, tuple[tuple[int, ...], float | None]]]:
    """Each file's tensors: name, shape and spread; None for a norm, which is 1."""
    yield {
        "model.embed_tokens.weight": ((sizes.vocabulary, sizes.hidden), SPREAD),
        "model.norm.weight": ((sizes.hidden,), None),
    }
    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    small = SPREAD / math.sqrt(2 * sizes.layers)
    for layer in range(sizes.layers):
        tensors: dict[str, tuple[tuple[int, ...], float | None]] = {
            "input_layernorm": ((sizes.hidden,), None),
            "self_attn.q_proj": ((queries, sizes.hidden), SPREAD),
            "self_attn.k_proj": ((keys, sizes.hidden), SPREAD),
            "self_attn.v_proj": ((keys, sizes.hidden), SPREAD),
            "self_attn.q_norm": ((sizes.head_dim,), None),
            "self_attn.k_norm": ((sizes.head_dim,), None),
            "self_attn.o_proj": ((sizes.hidden, queries), small),
            "post_attention_layernorm": ((sizes.hidden,), None),
            "mlp.gate_proj": ((sizes.intermediate, sizes.hidden), SPREAD),
            "mlp.up_proj": ((sizes.intermediate, sizes.hidden), SPREAD),
            "mlp.down_proj": ((sizes.hidden, sizes.intermediate), small),
        }
        yield {f"model.layers.{layer}.{name}.weight": entry for name, entry in tensors.items()}


def _fill(shape: tuple[int, ...], spread: float | None, generator: Any, device: Any) -> Any:
    import torch

    if spread is None:
        return torch.ones(shape, device=device)
    return torch.empty(shape, device=device).normal_(0, spread, generator=generator)
