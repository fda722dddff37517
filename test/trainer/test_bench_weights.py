"""The made model is a Qwen3 that Transformers loads whole, of the size it claims, and calm enough for fp16."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch

from trainer.bench.make import make, once
from trainer.bench.shapes import SHAPES
from trainer.bench.weights import make_model, model_config
from trainer.imports import transformers
from trainer.memory.known import known_shape
from trainer.memory.shape import parse_shape

TINY = SHAPES["tiny"].sizes
assert TINY is not None
CPU = torch.device("cpu")


def test_transformers_finds_every_weight_and_no_other(tmp_path: Path) -> None:
    make_model(tmp_path, TINY, dtype="float32", device=CPU, seed=1)
    model, loading = transformers().AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"]
    assert model.lm_head.weight is model.model.embed_tokens.weight
    # A file a layer, and one for the embedding with the last norm.
    assert len(list(tmp_path.glob("*.safetensors"))) == TINY.layers + 1
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 4 * sum(p.numel() for p in model.parameters())


def test_the_same_seed_makes_the_same_model(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        make_model(tmp_path / name, TINY, dtype="float16", device=CPU, seed=seed)
    file = "model-00002-of-00003.safetensors"
    one, same, other = ((tmp_path / name / file).read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


def test_the_reference_has_the_config_of_qwen3_1_7b() -> None:
    sizes = SHAPES["qwen3-1.7b"].sizes
    assert sizes is not None
    settings = model_config(sizes, dtype="float16").to_dict()
    assert parse_shape(settings, source="made") == known_shape("Qwen/Qwen3-1.7B")
    # config.json of the hub's repository says these.
    wanted = {
        "rms_norm_eps": 1e-6, "max_position_embeddings": 40960, "hidden_act": "silu", "attention_bias": False,
        "attention_dropout": 0.0, "use_sliding_window": False, "max_window_layers": 28, "use_cache": True,
    }  # fmt: skip
    assert {key: settings[key] for key in wanted} == wanted
    assert settings["rope_parameters"]["rope_theta"] == 1_000_000


def test_states_stay_far_from_what_fp16_cannot_hold_in_a_model_of_28_layers(tmp_path: Path) -> None:
    sizes = dataclasses.replace(TINY, layers=28, hidden=256, head_dim=64, intermediate=768)
    make_model(tmp_path, sizes, dtype="float32", device=CPU, seed=1)
    model = transformers().AutoModelForCausalLM.from_pretrained(tmp_path)
    with torch.no_grad():
        states = model(torch.arange(100).unsqueeze(0), output_hidden_states=True).hidden_states
    largest = [state.abs().max().item() for state in states]
    assert max(largest) < 65_504 / 1000
    assert min(largest) > 2.0**-14


def test_what_was_made_of_the_same_is_left_as_it_is(tmp_path: Path) -> None:
    made: list[Path] = []
    for number in (1, 1, 2):
        once(tmp_path / "folder", {"number": number}, made.append)
    assert len(made) == 2


def test_a_tiny_model_and_its_data_are_made_for_every_variant(tmp_path: Path) -> None:
    found = make(tmp_path, shape_name="tiny", samples=32, variants=3, seed=1, dtype="float32", device=CPU)
    assert found == {"model": "model-tiny", "data": ["data-tiny-0", "data-tiny-1", "data-tiny-2"]}
    files = [(tmp_path / name / "train.jsonl").read_text().splitlines() for name in found["data"]]
    assert [len(lines) for lines in files] == [32, 32, 32]
    assert sorted(files[0]) == sorted(files[1]) == sorted(files[2])
    assert files[0] != files[1] != files[2]
    assert (tmp_path / "model-tiny" / "tokenizer.json").is_file()


def test_the_bundled_questions_are_taken_as_they_are_and_other_variants_made(tmp_path: Path) -> None:
    found = make(
        tmp_path, shape_name="bundled", samples=2000, variants=2, seed=1, dtype="float32", device=CPU
    )
    assert found == {"model": "bundled", "data": ["bundled", "data-bundled-1"]}
    assert {path.name for path in (tmp_path / "data-bundled-1").iterdir()} == {
        "train.jsonl", "validation.jsonl", "made.json",
    }  # fmt: skip
