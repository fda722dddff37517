"""The shape of a model, as its config.json in the hub's format says it: all that memory depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import refuse

FAMILIES = ("qwen3", "qwen2", "llama")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A decoder of one of FAMILIES: grouped-query attention and a gated MLP, two norms a layer."""

    family: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    tied: bool
    """Whether the output layer is the embedding."""
    attention_bias: bool = False
    """Bias of q, k, v and o; qwen2 has one on q, k and v always."""

    @property
    def query(self) -> int:
        """Width of q, and of what attention gives."""
        return self.heads * self.head_dim

    @property
    def key(self) -> int:
        """Width of k, and of v."""
        return self.kv_heads * self.head_dim

    @property
    def norms_heads(self) -> bool:
        """Whether q and k are normalised, head by head, before they are rotated."""
        return self.family == "qwen3"

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """Width (in, out) of each linear layer in a decoder layer, by the last part of its name."""
        return {
            "q_proj": (self.hidden, self.query),
            "k_proj": (self.hidden, self.key),
            "v_proj": (self.hidden, self.key),
            "o_proj": (self.query, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }

    @property
    def parameters(self) -> int:
        """Numbers in all weights, each counted once."""
        layer = sum(wide * high for wide, high in self.linears.values()) + 2 * self.hidden
        if self.norms_heads:
            layer += 2 * self.head_dim
        if self.attention_bias or self.family == "qwen2":
            layer += self.query + 2 * self.key
        if self.attention_bias:
            layer += self.hidden
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.hidden
        return self.layers * layer + embeddings + self.hidden


def parse_shape(config: dict[str, Any], *, source: str) -> Shape:
    """The shape in a config.json; `source` names it in an error."""
    family = config.get("model_type")
    if family not in FAMILIES:
        raise refuse(
            "E_MODEL",
            f"{source}: wanted a model_type whose memory can be predicted ({', '.join(FAMILIES)}), found {family!r}.",
        )
    heads, hidden = _count(config, "num_attention_heads", source), _count(config, "hidden_size", source)
    tied = config.get("tie_word_embeddings")
    return Shape(
        family=family,
        layers=_count(config, "num_hidden_layers", source),
        hidden=hidden,
        heads=heads,
        # What the hub's own classes fall back to where config.json is silent (older files of llama and qwen2).
        kv_heads=_count(config, "num_key_value_heads", source, otherwise=heads),
        head_dim=_count(config, "head_dim", source, otherwise=128 if family == "qwen3" else hidden // heads),
        intermediate=_count(config, "intermediate_size", source),
        vocabulary=_count(config, "vocab_size", source),
        tied=False if tied is None else bool(tied),
        attention_bias=family != "qwen2" and bool(config.get("attention_bias")),
    )


def _count(config: dict[str, Any], key: str, source: str, *, otherwise: int | None = None) -> int:
    found = config.get(key)
    if found is None and otherwise is not None:
        return otherwise
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise refuse("E_MODEL", f"{source}: {key}: wanted a whole number of at least 1, found {found!r}.")
    return found
