"""Greedy generation: the letter that a model writes as its answer, and whole sample answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .device import autocast
from .prompt import parse_letter
from .scoring import batches_by_length

LETTER_TOKENS = 8
"""As many as the published evaluation lets the model write."""


def write_texts(
    prompts: Sequence[tuple[int, ...]],
    *,
    model: Any,
    tokenizer: Any,
    device: Any,
    precision: str,
    batch: int,
    max_new_tokens: int,
    rank: int = 0,
    ranks: int = 1,
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, str]:
    """What the model writes after each prompt, greedily, by index, of every `ranks`-th batch from `rank` on."""
    import torch
    from transformers import GenerationConfig

    model.eval()
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    mine = batches_by_length([len(prompt) for prompt in prompts], batch)[rank::ranks]
    texts: dict[int, str] = {}
    with torch.inference_mode(), autocast(device, precision):
        for number, indexes in enumerate(mine, start=1):
            width = max(len(prompts[index]) for index in indexes)
            padding = [width - len(prompts[index]) for index in indexes]
            pad = tokenizer.pad_token_id
            ids = [(pad,) * free + prompts[index] for free, index in zip(padding, indexes, strict=True)]
            mask = [(0,) * free + (1,) * (width - free) for free in padding]
            output = model.generate(
                input_ids=torch.tensor(ids, device=device),
                attention_mask=torch.tensor(mask, device=device),
                generation_config=settings,
            )
            written = tokenizer.batch_decode(output[:, width:], skip_special_tokens=True)
            texts.update(zip(indexes, written, strict=True))
            on_batch(number, len(mine))
    return texts


def write_letters(prompts: Sequence[tuple[int, ...]], **settings: Any) -> dict[int, int | None]:
    """The option that each written answer begins with, or None where it names none."""
    texts = write_texts(prompts, max_new_tokens=LETTER_TOKENS, **settings)
    return {index: parse_letter(text) for index, text in texts.items()}
