"""Input that cannot be trained on: each ends the run with one clear message and a record, and costs nothing before it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_config
from running import attempt, refused

from trainer.durable import MANIFEST
from trainer.imports import transformers

QUIET = {"untuned": False, "tuned": False, "letters": False, "batch": 4}


@pytest.fixture(scope="module")
def config(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    return make_config(model_folder, data_folder, recipe="fast", evaluation=QUIET, training__maxSteps=1)


def with_changes(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with some keys of its sections changed: `fast={"graphs": "on"}`."""
    return config | {
        section: config[section] | values if isinstance(values, dict) else values
        for section, values in changes.items()
    }


def save_model(folder: Path, tokenizer_from: Path, settings: Any) -> Path:
    """A random model of some config beside another model's tokenizer."""
    transformers().AutoModelForCausalLM.from_config(settings).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer_from / name, folder / name)
    return folder


def test_fast_refuses_a_family_that_it_does_not_know(
    config: dict[str, Any], model_folder: Path, tmp_path: Path
) -> None:
    settings = transformers().GPTNeoXConfig(
        vocab_size=257, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    folder = save_model(tmp_path / "model", model_folder, settings)
    changed = with_changes(config, model={"name": str(folder)}, lora={"targets": ["query_key_value"]})
    refused(
        attempt(changed, tmp_path / "out"),
        "E_MODEL",
        "recipe fast: wanted a model of the families qwen3, qwen2, llama, found 'gpt_neox'",
        'Use recipe "walkthrough"',
    )


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_refuses_a_tokenizer_that_is_another_models(
    config: dict[str, Any], model_folder: Path, tmp_path: Path, verb: str
) -> None:
    settings = transformers().AutoConfig.from_pretrained(model_folder)
    settings.vocab_size = 200
    folder = save_model(tmp_path / "model", model_folder, settings)
    done = attempt(with_changes(config, model={"name": str(folder)}), tmp_path / "out", verb=verb)
    refused(
        done, "E_MODEL", "its tokenizer has 257 tokens, its embedding 200 rows: they do not belong together"
    )


def test_refuses_samples_that_are_too_long_where_they_must_not_be_cut(
    config: dict[str, Any], tmp_path: Path
) -> None:
    changed = with_changes(config, training={"maxLength": 200, "tooLong": "refuse"})
    refused(
        attempt(changed, tmp_path),
        "E_DATA",
        'training.tooLong: "refuse", and 2 of 10 samples have more than training.maxLength 200 tokens',
        "question 'q7' has most, 203",
        'set tooLong "cut"',
    )


def test_refuses_a_sample_of_which_no_token_carries_loss(
    config: dict[str, Any], model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    # A tokenizer that makes nothing of any text: it knows no symbol, and has none for what it does not know.
    document = json.loads((folder / "tokenizer.json").read_text())
    document["model"]["vocab"] = {"<|end|>": 0}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    refused(
        attempt(with_changes(config, model={"name": str(folder)}), tmp_path / "out"),
        "E_DATA",
        "question 'q0': wanted a token that carries loss, found none among its 0 tokens",
        "Does the tokenizer belong to the model?",
    )


def test_refuses_fp16_where_there_is_no_gpu(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused(
        attempt(config | {"precision": "fp16", "device": "auto"}, tmp_path),
        "E_CONFIG",
        'precision: "fp16" needs a GPU, found none; use "fp32" or "bf16"',
    )


@pytest.mark.parametrize("recipe", ["walkthrough", "fast"])
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (["q_proj", "query"], "no linear layer of this model is named 'query'; found down_proj, gate_proj"),
        (["embed_tokens"], "no linear layer of this model is named 'embed_tokens'"),
    ],
)
def test_refuses_a_target_that_no_layer_has(
    config: dict[str, Any], tmp_path: Path, recipe: str, targets: list[str], words: str
) -> None:
    changed = with_changes(config, lora={"targets": targets}) | {"recipe": recipe}
    refused(attempt(changed, tmp_path), "E_LORA_TARGET", words)


def test_fast_refuses_a_target_outside_of_the_layers(config: dict[str, Any], tmp_path: Path) -> None:
    refused(
        attempt(with_changes(config, lora={"targets": ["lm_head"]}), tmp_path),
        "E_LORA_TARGET",
        "recipe fast puts adapters on q_proj, k_proj",
        "found 'lm_head'",
    )


@pytest.mark.parametrize(
    ("fast", "code", "words"),
    [
        ({"graphs": "on"}, "E_CONFIG", 'fast.graphs: wanted "on", but graphs need a GPU'),
        (
            {"attention": "varlen"},
            "E_ATTENTION",
            'fast.attention: wanted "varlen", but the kernel takes fp16',
        ),
    ],
)
def test_refuses_what_only_a_gpu_has(
    config: dict[str, Any], tmp_path: Path, fast: dict[str, Any], code: str, words: str
) -> None:
    refused(attempt(with_changes(config, fast=fast), tmp_path), code, words)


def test_bad_input_is_refused_before_the_untuned_model_was_asked(
    config: dict[str, Any], tmp_path: Path
) -> None:
    changed = with_changes(config, fast={"graphs": "on"}, evaluation=QUIET | {"untuned": True})
    _, record = attempt(changed, tmp_path)
    assert record["evaluation"] is None


def test_a_run_without_a_finite_loss_ends_as_diverged_at_its_step(
    config: dict[str, Any], tmp_path: Path
) -> None:
    changed = with_changes(config, training={"learningRate": 3e37, "warmupRatio": 0.0, "maxSteps": None})
    code, record = attempt(changed, tmp_path)
    assert (code, record["outcome"], record["error"]["code"]) == (1, "diverged", "E_DIVERGED")
    assert "training diverged at step 2 of 3" in record["error"]["message"]
    assert len(record["steps"]["loss"]) == 1
    assert record["adapter"] is None


@pytest.fixture(scope="module")
def adapter(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that the recipe `fast` has trained."""
    folder = tmp_path_factory.mktemp("trained")
    code, record = attempt(config, folder)
    assert code == 0, record["error"]
    return folder / "adapter"


def asked(config: dict[str, Any], folder: Path, tmp_path: Path) -> tuple[int, dict[str, Any]]:
    return attempt(config, tmp_path / "out", verb="evaluate", adapter=folder)


def test_refuses_an_adapter_of_which_a_byte_has_changed(
    config: dict[str, Any], adapter: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    path = folder / "adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    refused(
        asked(config, folder, tmp_path),
        "E_ADAPTER",
        "adapter_model.safetensors is not what training wrote: its sha256 is not the one in manifest.json",
    )


def test_refuses_an_adapter_that_breaks_off(config: dict[str, Any], adapter: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    (folder / MANIFEST).unlink()
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(asked(config, folder, tmp_path), "E_ADAPTER", "does not fit the model (SafetensorError")


def test_refuses_an_adapter_whose_manifest_is_none(
    config: dict[str, Any], adapter: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    (folder / MANIFEST).write_text("[]")
    refused(asked(config, folder, tmp_path), "E_ADAPTER", "manifest.json cannot be read")


def test_an_adapter_that_somebody_else_wrote_needs_no_manifest(
    config: dict[str, Any], adapter: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    (folder / MANIFEST).unlink()
    code, record = asked(config, folder, tmp_path)
    assert (code, record["outcome"]) == (0, "ok")
