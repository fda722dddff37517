"""Tokens of a training sample: what carries loss, what is cut, how it is padded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import question_row

from trainer.data import _question
from trainer.errors import RocmarkError
from trainer.imports import transformers
from trainer.prompt import render_explanation, render_option, render_prompt
from trainer.samples import IGNORED, Encoder, collate, encode_samples

QUESTION = _question(question_row(0), "here", fallback_id="x")


@pytest.fixture(scope="module")
def tokenizer(model_folder: Path) -> Any:
    return transformers().AutoTokenizer.from_pretrained(model_folder)


def encode(tokenizer: Any, max_length: int = 1000, loss_on: str = "answer") -> Any:
    return encode_samples([QUESTION], Encoder(tokenizer), max_length=max_length, loss_on=loss_on)


def test_loss_is_on_the_answer(tokenizer: Any) -> None:
    (sample,), cuts = encode(tokenizer)
    targets = [label for label in sample.labels if label != IGNORED]
    assert tokenizer.decode(sample.input_ids) == "".join(
        [render_prompt(QUESTION), render_option(QUESTION, 0), render_explanation(QUESTION)]
    )
    assert tokenizer.decode(targets) == render_option(QUESTION, 0) + render_explanation(QUESTION)
    assert (cuts.explanations, cuts.prompts) == (0, 0)


def test_loss_may_be_on_the_option_alone_and_then_nothing_follows_it(tokenizer: Any) -> None:
    (sample,), cuts = encode(tokenizer, loss_on="option")
    targets = [label for label in sample.labels if label != IGNORED]
    assert tokenizer.decode(sample.input_ids) == render_prompt(QUESTION) + render_option(QUESTION, 0)
    assert tokenizer.decode(targets) == render_option(QUESTION, 0)
    assert (cuts.explanations, cuts.prompts) == (0, 0)


def test_loss_may_be_on_everything_but_the_first_token(tokenizer: Any) -> None:
    (sample,), _ = encode(tokenizer, loss_on="all")
    assert sample.labels == (IGNORED, *sample.input_ids[1:])


def test_cuts_the_explanation_first_then_the_prompt_from_its_beginning_and_never_the_answer(
    tokenizer: Any,
) -> None:
    prompt, answer = len(render_prompt(QUESTION)), len(render_option(QUESTION, 0))
    (sample,), cuts = encode(tokenizer, max_length=prompt + answer + 5)
    assert tokenizer.decode(sample.input_ids).endswith("A) metformin\n\n###")
    assert (cuts.explanations, cuts.prompts) == (1, 0)
    (sample,), cuts = encode(tokenizer, max_length=answer + 15)
    assert tokenizer.decode(sample.input_ids) == render_prompt(QUESTION)[-15:] + "A) metformin"
    assert (cuts.explanations, cuts.prompts) == (1, 1)
    with pytest.raises(
        RocmarkError, match=r"training\.maxLength: wanted more than the 12 tokens of the answer"
    ):
        encode(tokenizer, max_length=answer)


def test_keeps_the_token_that_begins_every_text_of_a_model_that_has_one() -> None:
    class Starting:
        bos_token_id = 7

        def __call__(self, texts: Any, add_special_tokens: bool = True) -> Any:
            if isinstance(texts, str):
                return {"input_ids": [7] * add_special_tokens + [1] * len(texts)}
            return {"input_ids": [self(text, add_special_tokens)["input_ids"] for text in texts]}

    (whole,), _ = encode_samples([QUESTION], Encoder(Starting()), max_length=1000, loss_on="answer")
    (cut,), _ = encode_samples([QUESTION], Encoder(Starting()), max_length=30, loss_on="answer")
    for sample in (whole, cut):
        assert sample.input_ids[0] == 7
        assert 7 not in sample.input_ids[1:]
    assert len(cut.input_ids) == 30


def test_pads_on_the_right_to_a_multiple_of_eight(tokenizer: Any) -> None:
    samples, _ = encode_samples(
        [QUESTION, _question(question_row(3), "here", fallback_id="x")],
        Encoder(tokenizer),
        max_length=150,
        loss_on="answer",
    )
    batch = collate(samples, pad_id=0)
    lengths = [len(sample.input_ids) for sample in samples]
    assert batch["input_ids"].shape == (2, -(-max(lengths) // 8) * 8)
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths
    assert (batch["labels"] != IGNORED).sum(dim=1).tolist() == [sample.num_targets for sample in samples]
