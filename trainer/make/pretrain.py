"""Pretrain the bundled model: `python -m trainer.make.pretrain` makes trainer/bundled/model/ again; `--check` compares instead.

A Qwen3 of some two million parameters reads statements of the facts (corpus.py), never a question. The same versions of the
Python packages give the same bytes on any x86-64 processor with AVX2; see arithmetic.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# isort: off
from .arithmetic import THREADS  # before torch
import torch

# isort: on
from torch.nn import functional
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from .corpus import documents, statements
from .facts import Relation, read_relations
from .muon import Muon
from .tokenizer import build_tokenizer

MODEL_DIRECTORY = Path(__file__).parent.parent / "bundled" / "model"
SEED = 0
STEPS = 1200
BATCH = 8
LENGTH = 128
MUON_RATE = 0.02
ADAM_RATE = 3e-3


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """An untrained Qwen3 whose size suits one CPU core."""
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=3,
        head_dim=32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen3ForCausalLM(config)


def batches(
    relations: list[Relation], tokenizer: PreTrainedTokenizerFast, rng: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Documents end to end, each closed by the end token, in BATCH rows of LENGTH tokens: inputs, and what follows each."""
    encode, ids, size = tokenizer.backend_tokenizer.encode, [], BATCH * (LENGTH + 1)
    for text in documents(relations, rng):
        ids += [*encode(text).ids, tokenizer.eos_token_id]
        if len(ids) >= size:
            rows = torch.tensor(ids[:size]).view(BATCH, LENGTH + 1)
            yield rows[:, :-1], rows[:, 1:]
            ids = ids[size:]


def pretrain(
    relations: list[Relation], *, steps: int, seed: int = SEED
) -> tuple[Qwen3ForCausalLM, PreTrainedTokenizerFast]:
    """Train from nothing: Muon for matrices, Adam for embeddings and norms, warmup, then linear decay from half way on."""
    random.seed(seed)
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(relations, statements(relations))
    model = build_model(tokenizer)
    matrices = [
        weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name
    ]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    optimizers = [
        Muon(matrices, lr=MUON_RATE),
        torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    started, model = time.monotonic(), model.train()
    for step, (ids, targets) in zip(
        range(steps), batches(relations, tokenizer, random.Random(seed)), strict=False
    ):
        scale = min(1.0, (step + 1) / (0.03 * steps + 1), (steps - step) / (0.5 * steps))
        for optimizer, rate in zip(optimizers, (MUON_RATE, ADAM_RATE), strict=True):
            optimizer.param_groups[0]["lr"] = rate * scale
        logits = model(ids, use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        if step % 100 == 0 or step == steps - 1:
            print(
                f"step {step} loss {loss.item():.3f} {time.monotonic() - started:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    return model.eval(), tokenizer


def write_model(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, directory: Path) -> None:
    """Save in the hub's format, weights in float16 (the config asks to load them as float32), with a manifest of sha256."""
    directory.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    model.half().save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    config = directory / "config.json"
    settings = {**json.loads(config.read_text()), "dtype": "float32"}
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    (directory / "manifest.json").write_text(json.dumps(manifest(directory), indent=2) + "\n")


def manifest(directory: Path) -> dict[str, str]:
    """sha256 of every file of a model's folder but the manifest itself."""
    files = sorted(path for path in directory.iterdir() if path.is_file() and path.name != "manifest.json")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> int:
    """Write the model, or compare it with the one that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL_DIRECTORY, help="folder to write the model to")
    parser.add_argument("--steps", type=int, default=STEPS, help="fewer make a worse model sooner")
    parser.add_argument(
        "--check", action="store_true", help="train again and compare with the bundled model; writes nothing"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    model, tokenizer = pretrain(read_relations(), steps=arguments.steps)
    if not arguments.check:
        write_model(model, tokenizer, arguments.out)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_model(model, tokenizer, Path(folder))
        made, wanted = manifest(Path(folder)), json.loads((arguments.out / "manifest.json").read_text())
    differing = sorted(name for name in made.keys() | wanted.keys() if made.get(name) != wanted.get(name))
    print(f"differs: {', '.join(differing)}" if differing else "the same bytes")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
