"""Made samples have the lengths that the benchmark says they have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.bench.lengths import ANSWER_LIMITS, PROMPT_LIMITS, Lengths, draw_part
from trainer.bench.questions import count_tokens, make_rows, whole_words
from trainer.bench.shapes import SHAPES
from trainer.imports import transformers
from trainer.model import BUNDLED
from trainer.prompt import Question
from trainer.samples import Encoder, encode_samples


@settings(deadline=None, max_examples=60)
@given(
    samples=st.integers(1, 200),
    share=st.floats(0, 1),
    spread=st.floats(0.01, 1.5),
    seed=st.text(max_size=5),
    least=st.integers(1, 50),
    width=st.integers(0, 300),
)
def test_lengths_add_up_within_their_limits(
    samples: int, share: float, spread: float, seed: str, least: int, width: int
) -> None:
    limits = (least, least + width)
    total = samples * least + round(share * samples * width)
    lengths = draw_part(samples, total, spread=spread, limits=limits, seed=seed)
    assert sum(lengths) == total
    assert len(lengths) == samples
    assert all(least <= length <= least + width for length in lengths)
    assert draw_part(samples, total, spread=spread, limits=limits, seed=seed) == lengths


def test_no_length_is_filled_up_past_the_most() -> None:
    lengths = draw_part(500, 500 * 49, spread=1.5, limits=(1, 50), seed="full")
    assert (max(lengths), sum(lengths)) == (50, 500 * 49)


@pytest.mark.parametrize("total", [9, 41], ids=["too little", "too much"])
def test_lengths_that_cannot_add_up_are_refused(total: int) -> None:
    with pytest.raises(ValueError, match="10 lengths from 1 to 4 cannot add up to"):
        draw_part(10, total, spread=0.5, limits=(1, 4), seed="")


def test_the_reference_is_two_thousand_samples_of_420_097_tokens_of_which_forty_percent_carry_loss() -> None:
    lengths = SHAPES["qwen3-1.7b"].lengths
    assert lengths is not None
    drawn = lengths.draw(2000, 42)
    assert sum(prompt + answer for prompt, answer in drawn) == 420_097
    assert sum(answer for _, answer in drawn) == 168_039
    assert max(prompt + answer for prompt, answer in drawn) <= PROMPT_LIMITS[1] + ANSWER_LIMITS[1] == 512
    assert drawn != lengths.draw(2000, 43)


def test_the_trainer_counts_the_tokens_that_were_asked_for() -> None:
    tokenizer = transformers().AutoTokenizer.from_pretrained(str(BUNDLED))
    words = whole_words(list(tokenizer.get_vocab()))
    wanted = Lengths(mean=210, target_share=0.4).draw(50, 7)
    rows = make_rows(Encoder(tokenizer), wanted, words, 7)
    assert count_tokens(Encoder(tokenizer), rows) == wanted
    questions = [
        Question(
            id=row["id"],
            subject="",
            text=row["question"],
            options=(row["opa"], row["opb"], row["opc"], row["opd"]),
            gold=row["cop"],
            explanation=row["exp"],
        )
        for row in rows
    ]
    samples, cuts = encode_samples(questions, Encoder(tokenizer), max_length=512, loss_on="answer")
    assert [(len(one.input_ids) - one.num_targets, one.num_targets) for one in samples] == wanted
    assert (cuts.prompts, cuts.explanations) == (0, 0)
    assert len({row["question"] for row in rows}) == 50


def test_a_tokenizer_that_joins_words_cannot_be_served() -> None:
    class Joins:
        start = ()

        def prompts(self, texts: list[str]) -> list[tuple[int, ...]]:
            return [(0,) * 7 for _ in texts]

        continuations = prompts

    with pytest.raises(ValueError, match="2 texts of 2 do not get the lengths asked for"):
        make_rows(Joins(), [(70, 20)], ["word"], 1)  # type: ignore[arg-type]
