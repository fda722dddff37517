"""A random Qwen3 of two layers with a byte-level tokenizer, ten questions, and a way to run the trainer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(ROOT))


def question_row(index: int, **changes: Any) -> dict[str, Any]:
    """One row in MedMCQA's columns."""
    drugs = [
        "metformin",
        "warfarin",
        "digoxin",
        "furosemide",
        "salbutamol",
        "lithium",
        "heparin",
        "insulin",
        "codeine",
        "aspirin",
    ]
    return {
        "id": f"q{index}",
        "question": f"Which drug is meant by word number {index}" + " or so" * (index % 4) + "?",
        "opa": drugs[index % 10],
        "opb": drugs[(index + 1) % 10] + " acid" * (index % 3),
        "opc": drugs[(index + 2) % 10],
        "opd": drugs[(index + 3) % 10],
        "cop": index % 4,
        "choice_type": "single",
        "exp": None if index % 2 else f"Because of {index}.",
        "subject_name": "Pharmacology" if index % 2 else "Medicine",
        "topic_name": None,
    } | changes


def write_rows(folder: Path, split: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def make_config(model: Path | str, data: Path | str, **changes: Any) -> dict[str, Any]:
    """A complete config that trains in about a second; `changes` by dotted key, dots written as two underscores."""
    config: dict[str, Any] = {
        "schema": 1,
        "run": {
            "id": "20261124T001500-3f9a1c2b", "stack": "local", "experiment": "tiny/accuracy", "arm": "one-node",
            "scenario": "finetune", "repeat": 0,
        },
        "code": {"version": "0.1.0", "commit": None, "dirty": None, "bundle": None},
        "fingerprints": [{"node": "node-0", "digest": "0" * 64, "facts": {"os": "test"}, "installed": {"uv": "0"}}],
        "recipe": "walkthrough",
        "model": {"name": str(model), "revision": None},
        "data": {"name": str(data), "revision": None, "trainSamples": None, "validationSamples": None},
        "precision": "fp32",
        "device": "cpu",
        "threads": 1,
        "lora": {"rank": 4, "alpha": 8, "dropout": 0.1, "targets": ["q_proj", "v_proj"]},
        "training": {
            "epochs": 2, "maxLength": 256, "tooLong": "cut", "microBatch": 2, "effectiveBatch": 8, "learningRate": 0.01,
            "schedule": "cosine", "warmupRatio": 0.05, "weightDecay": 0.0, "maxGradientNorm": 1.0,
            "gradientCheckpointing": True, "lossOn": "answer", "maxSteps": None,
        },
        "fast": {
            "samplesAtOnce": None,
            "attention": "auto",
            "compile": "auto",
            "graphs": "auto",
            "checkpointEvery": None,
        },
        "evaluation": {"untuned": True, "tuned": True, "letters": True, "batch": 4},
        "profile": False,
        "world": {"nodes": ["node-0"], "ranksPerNode": 1, "transport": "auto", "timeoutSeconds": 60},
        "seed": 42,
    }  # fmt: skip
    for key, value in changes.items():
        *path, last = key.split("__")
        place = config
        for part in path:
            place = place[part]
        place[last] = value
    return config


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Qwen3 in the hub's format."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from trainer.imports import transformers

    package = transformers()
    folder = tmp_path_factory.mktemp("model")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: index for index, symbol in enumerate(["<|end|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    package.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>").save_pretrained(folder)
    torch.manual_seed(0)
    settings = package.Qwen3Config(
        vocab_size=len(vocabulary), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=1024,
        eos_token_id=0, tie_word_embeddings=True,
    )  # fmt: skip
    package.Qwen3ForCausalLM(settings).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten questions to train on and ten others to answer."""
    folder = tmp_path_factory.mktemp("data")
    write_rows(folder, "train", [question_row(index) for index in range(10)])
    write_rows(folder, "validation", [question_row(index) for index in range(10, 20)])
    return folder


Trainer = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_trainer(tmp_path: Path) -> Trainer:
    """Run the trainer as a user does: a process with a config file, under torchrun for several ranks."""

    def run(
        config: Any, verb: str = "train", ranks: int = 1, fault: str = "", more: tuple[str, ...] = ()
    ) -> Any:
        path = tmp_path / "config.json"
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        command = [sys.executable]
        if ranks > 1:
            command += [
                "-m",
                "torch.distributed.run",
                "--nproc-per-node",
                str(ranks),
                "--master-addr",
                "127.0.0.1",
            ]
            command += ["--master-port", str(free_port())]
        command += [str(Path(__file__).with_name("faulty.py")), fault] if fault else ["-m", "trainer"]
        command += [verb, "--config", str(path), "--out", str(tmp_path / "out"), *more]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    return run


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def record_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The record on the last line of stdout."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
