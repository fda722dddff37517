"""What the recipe `fast` has to know of a model, read from its config; everything it cannot train alike is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import RocmarkError, refuse

FAMILIES = ("qwen3", "qwen2", "llama")
"""`model_type` in the hub's config.json. All three are RMSNorm, rotary positions, grouped-query attention and SwiGLU;
Qwen3 also norms each head's query and key, Qwen2 adds biases to them."""

STATIC_ROPE = ("default", "linear", "llama3", "yarn")
"""Rotary positions that do not depend on the length of the sequence at hand."""

GROUPS = {
    "qkv": ("q_proj", "k_proj", "v_proj"),
    "o": ("o_proj",),
    "gate_up": ("gate_proj", "up_proj"),
    "down": ("down_proj",),
}
"""Linear layers that read the same input, and so are one matrix product."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """Sizes and constants of one decoder model."""

    family: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    epsilon: float
    """Of every RMSNorm."""
    head_norms: bool
    """Whether query and key are normed head by head."""


def read_architecture(settings: Any, targets: tuple[str, ...]) -> Architecture:
    """The architecture of a Transformers config, or a refusal that names what is not supported and offers `walkthrough`."""
    family = str(settings.model_type)
    if family not in FAMILIES:
        raise _unsupported(f"wanted a model of the families {', '.join(FAMILIES)}, found {family!r}")
    kinds = set(getattr(settings, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise _unsupported(f"wanted full attention in every layer, found {', '.join(sorted(kinds))}")
    rope = (getattr(settings, "rope_parameters", None) or {}).get("rope_type", "default")
    if rope not in STATIC_ROPE:
        raise _unsupported(f"wanted rotary positions of type {', '.join(STATIC_ROPE)}, found {rope!r}")
    if settings.hidden_act != "silu":
        raise _unsupported(f"wanted the activation silu, found {settings.hidden_act!r}")
    if getattr(settings, "attention_dropout", 0.0):
        raise _unsupported(f"wanted no dropout in attention, found {settings.attention_dropout}")
    if getattr(settings, "quantization_config", None) is not None:
        raise _unsupported("wanted weights that are not quantised, found a quantization_config")
    known = [name for members in GROUPS.values() for name in members]
    for target in targets:
        if target not in known:
            raise RocmarkError(
                "E_LORA_TARGET",
                f"lora.targets: recipe fast puts adapters on {', '.join(known)}, found {target!r}. "
                'Leave it out, or use recipe "walkthrough".',
                refused=True,
            )
    heads = settings.num_attention_heads
    return Architecture(
        family=family,
        layers=settings.num_hidden_layers,
        hidden=settings.hidden_size,
        heads=heads,
        kv_heads=settings.num_key_value_heads or heads,
        head_dim=getattr(settings, "head_dim", None) or settings.hidden_size // heads,
        intermediate=settings.intermediate_size,
        vocabulary=settings.vocab_size,
        epsilon=settings.rms_norm_eps,
        head_norms=family == "qwen3",
    )


def _unsupported(found: str) -> RocmarkError:
    return refuse("E_MODEL", f'recipe fast: {found}. Use recipe "walkthrough", which takes any causal model.')
