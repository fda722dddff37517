"""The model's shape: what config.json says, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from trainer.errors import RocmarkError
from trainer.memory.known import known_shape, read_shape
from trainer.memory.shape import parse_shape

QWEN3 = {
    "model_type": "qwen3",
    "num_hidden_layers": 2,
    "hidden_size": 8,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 3,
    "intermediate_size": 16,
    "vocab_size": 10,
    "tie_word_embeddings": True,
}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Qwen/Qwen3-0.6B", 596_049_920),
        ("Qwen/Qwen3-1.7B", 1_720_574_976),
        ("Qwen/Qwen3-1.7B-Base", 1_720_574_976),
        ("Qwen/Qwen3-4B", 4_022_468_096),
        ("Qwen/Qwen3-8B", 8_190_735_360),
        ("Qwen/Qwen2.5-1.5B-Instruct", 1_543_714_304),
        ("Qwen/Qwen2.5-7B", 7_615_616_512),
        ("meta-llama/Llama-3.2-1B", 1_235_814_400),
        ("meta-llama/Llama-3.2-3B", 3_212_749_824),
        ("meta-llama/Llama-3.1-8B", 8_030_261_248),
    ],
)
def test_the_table_gives_the_parameters_of_the_published_weights(name: str, parameters: int) -> None:
    shape = known_shape(name)
    assert shape is not None
    assert shape.parameters == parameters


def test_counts_the_parameters_of_a_small_model_by_hand() -> None:
    # A layer: q 8x12, k and v 8x6 each, o 12x8, gate, up and down 8x16 each, two norms of 8, two of 3. Embedding 10x8.
    layer = 96 + 2 * 48 + 96 + 3 * 128 + 2 * 8 + 2 * 3
    assert parse_shape(QWEN3, source="here").parameters == 2 * layer + 80 + 8


@pytest.mark.parametrize("family", ["Qwen3", "Qwen2", "Llama"])
def test_counts_what_transformers_makes_of_the_same_config(family: str) -> None:
    from trainer.imports import transformers

    settings = getattr(transformers(), f"{family}Config")(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=4, tie_word_embeddings=family != "Llama",
    )  # fmt: skip
    model = getattr(transformers(), f"{family}ForCausalLM")(settings)
    assert parse_shape(settings.to_dict(), source="here").parameters == model.num_parameters()


def test_reads_the_bundled_model() -> None:
    found = json.loads((ROOT / "trainer/bundled/model/config.json").read_text())
    assert read_shape("bundled").vocabulary == found["vocab_size"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_type": "gpt2"}, r"wanted a model_type .*qwen3, qwen2, llama.*, found 'gpt2'"),
        ({"model_type": None}, r"found None"),
        ({"hidden_size": "8"}, r"here: hidden_size: wanted a whole number of at least 1, found '8'"),
        ({"vocab_size": 0}, r"vocab_size: .* found 0"),
    ],
)
def test_refuses_by_name_what_it_cannot_predict(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RocmarkError, match=words) as refusal:
        parse_shape(QWEN3 | changes, source="here")
    assert (refusal.value.code, refusal.value.exit_code) == ("E_MODEL", 2)


def test_a_model_that_is_neither_here_nor_known_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        RocmarkError, match=r"found 'someone/else'\. For another model .* download its config\.json"
    ):
        read_shape("someone/else")
    with pytest.raises(RocmarkError, match=r"config\.json: cannot be read as JSON"):
        read_shape(str(tmp_path))
