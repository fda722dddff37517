"""Scores of options: against the plain way, and independent of batch, rank and neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import question_row

from trainer.data import _question
from trainer.imports import transformers
from trainer.prompt import LETTERS, parse_letter, render_option, render_prompt
from trainer.samples import Encoder
from trainer.scoring import batches_by_length, encode_questions, score_options
from trainer.writing import write_letters, write_texts

QUESTIONS = [_question(question_row(index), "here", fallback_id="x") for index in range(10)]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def loaded(model_folder: Path) -> Any:
    package = transformers()
    model = package.AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    tokenizer = package.AutoTokenizer.from_pretrained(model_folder)
    tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def score(loaded: Any, batch: int, rank: int = 0, ranks: int = 1) -> dict[int, list[float]]:
    model, tokenizer = loaded
    asked = encode_questions(QUESTIONS, Encoder(tokenizer))
    return score_options(
        asked, model=model, device=CPU, precision="fp32", batch=batch, rank=rank, ranks=ranks
    )


def test_scores_each_option_as_if_it_stood_alone(loaded: Any) -> None:
    model, tokenizer = loaded
    found = score(loaded, batch=4)
    for number, question in enumerate(QUESTIONS):
        for index in range(len(LETTERS)):
            prompt = tokenizer(render_prompt(question))["input_ids"]
            option = tokenizer(render_option(question, index))["input_ids"]
            with torch.no_grad():
                logits = model(torch.tensor([prompt + option])).logits[0, len(prompt) - 1 : -1].double()
            plain = torch.log_softmax(logits, dim=-1)[range(len(option)), option].sum().item()
            assert found[number][index] == pytest.approx(plain, abs=1e-4)


def test_the_batch_changes_nothing(loaded: Any) -> None:
    one, all_at_once = score(loaded, batch=1), score(loaded, batch=10)
    for number in range(10):
        assert all_at_once[number] == pytest.approx(one[number], abs=1e-4)


def test_two_ranks_find_what_one_finds_to_the_bit(loaded: Any) -> None:
    assert score(loaded, 4) == {**score(loaded, 4, rank=0, ranks=2), **score(loaded, 4, rank=1, ranks=2)}


def test_parts_of_a_batch_that_is_too_large_for_memory_find_the_same(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(loaded, batch=10)
    monkeypatch.setattr("trainer.scoring.LOGITS_AT_ONCE", 1)
    for number, scores in score(loaded, batch=10).items():
        assert scores == pytest.approx(whole[number], abs=1e-4)


def test_deals_every_question_once() -> None:
    batches = batches_by_length([3, 9, 3, 5, 1], 2)
    assert batches == [[1, 3], [0, 2], [4]]


def test_letters_are_what_greedy_generation_writes(loaded: Any) -> None:
    model, tokenizer = loaded
    prompts = [question.prompt for question in encode_questions(QUESTIONS, Encoder(tokenizer))]
    shared = {"model": model, "tokenizer": tokenizer, "device": CPU, "precision": "fp32"}
    texts = write_texts(prompts, batch=4, max_new_tokens=8, **shared)
    assert texts == write_texts(prompts, batch=1, max_new_tokens=8, **shared)
    assert write_letters(prompts, batch=4, **shared) == {i: parse_letter(texts[i]) for i in range(10)}
