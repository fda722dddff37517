"""Greedy generation: the letter that a model writes as its answer, and whole sample answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .device import autocast
from .prompt import is_decided, parse_letter
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
    until: Callable[[str], bool] | None = None,
    rank: int = 0,
    ranks: int = 1,
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, str]:
    """What the model writes after each prompt, greedily, by index, of every `ranks`-th batch from `rank` on.

    A row ends at `max_new_tokens`, at the model's own end, or once `until` holds for its text.
    """
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
                stopping_criteria=[make_stop(tokenizer, width, until)] if until else None,
            )
            written = tokenizer.batch_decode(output[:, width:], skip_special_tokens=True)
            texts.update(zip(indexes, written, strict=True))
            on_batch(number, len(mine))
    return texts


def make_stop(tokenizer: Any, width: int, until: Callable[[str], bool]) -> Callable[..., Any]:
    """A criterion that ends a row as soon as `until` holds for what it has written after `width` columns."""
    import torch

    def stop(ids: Any, _: Any, **__: Any) -> Any:
        written = tokenizer.batch_decode(ids[:, width:], skip_special_tokens=True)
        return torch.tensor([until(text) for text in written], device=ids.device)

    return stop


def write_letters(prompts: Sequence[tuple[int, ...]], **settings: Any) -> dict[int, int | None]:
    """The option that each written answer begins with, or None where it names none."""
    texts = write_texts(prompts, max_new_tokens=LETTER_TOKENS, until=is_decided, **settings)
    return {index: parse_letter(text) for index, text in texts.items()}
