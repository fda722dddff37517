"""Questions to token ids: what is trained on, what is cut when a sample is too long, and how samples are padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import refuse
from .prompt import Question, render_explanation, render_option, render_prompt

IGNORED = -100
PAD_TO_MULTIPLE_OF = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One training sample."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The id where a token carries loss, IGNORED elsewhere. Position 0 never does: nothing precedes it."""

    @property
    def num_targets(self) -> int:
        """Tokens that carry loss."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cuts:
    """How many samples were too long, and lost what."""

    explanations: int
    prompts: int


class Encoder:
    """A tokenizer that adds nothing but the beginning-of-text token that the model was trained with, if any."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        first = tokenizer("a")["input_ids"][:1]
        start = tokenizer.bos_token_id
        self.start: tuple[int, ...] = (start,) if start is not None and first == [start] else ()

    def prompts(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of texts that begin a sequence."""
        return [self.start + ids for ids in self.continuations(texts)]

    def continuations(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of texts that go on where a prompt ended."""
        if not texts:
            return []
        return [tuple(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def encode_samples(
    questions: Sequence[Question],
    encoder: Encoder,
    *,
    max_length: int,
    loss_on: str,
    too_long: str = "cut",
) -> tuple[list[Sample], Cuts]:
    """Training samples of at most `max_length` tokens, each with a token that carries loss.

    What is too long loses the end of its explanation first, then the beginning of its prompt, never the answer itself;
    with `too_long` "refuse" it is refused.
    """
    prompts = encoder.prompts([render_prompt(question) for question in questions])
    answers = encoder.continuations([render_option(question, question.gold) for question in questions])
    explained = questions if loss_on != "option" else ()
    explanations = encoder.continuations([render_explanation(question) for question in explained])
    explanations = explanations or [()] * len(questions)
    if too_long == "refuse":
        _refuse_long(questions, [*zip(prompts, answers, explanations, strict=True)], max_length)
    samples, cut_explanations, cut_prompts = [], 0, 0
    for question, prompt, answer, explanation in zip(questions, prompts, answers, explanations, strict=True):
        if len(encoder.start) + len(answer) >= max_length:
            raise refuse(
                "E_DATA",
                f"training.maxLength: wanted more than the {len(answer)} tokens of the answer to question "
                f"{question.id!r}, found {max_length}. An answer is never cut: raise maxLength.",
            )
        room = max_length - len(answer)
        kept_prompt = _keep_end(prompt, room, start=encoder.start)
        kept_explanation = explanation[: max(0, room - len(kept_prompt))]
        cut_prompts += len(kept_prompt) < len(prompt)
        cut_explanations += len(kept_explanation) < len(explanation)
        samples.append(_sample(kept_prompt, answer + kept_explanation, loss_on))
        if samples[-1].num_targets == 0:
            raise refuse(
                "E_DATA",
                f"question {question.id!r}: wanted a token that carries loss, found none among its "
                f"{len(samples[-1].input_ids)} tokens. Does the tokenizer belong to the model? It makes {len(answer)} "
                f"tokens of the answer {render_option(question, question.gold)!r}.",
            )
    return samples, Cuts(explanations=cut_explanations, prompts=cut_prompts)


def _refuse_long(
    questions: Sequence[Question], parts: Sequence[tuple[tuple[int, ...], ...]], max_length: int
) -> None:
    lengths = [sum(map(len, those)) for those in parts]
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    if lengths[longest] > max_length:
        raise refuse(
            "E_DATA",
            f'training.tooLong: "refuse", and {sum(length > max_length for length in lengths)} of {len(lengths)} samples '
            f"have more than training.maxLength {max_length} tokens; question {questions[longest].id!r} has most, "
            f'{lengths[longest]}. Raise maxLength, or set tooLong "cut".',
        )


def _keep_end(prompt: tuple[int, ...], room: int, *, start: tuple[int, ...]) -> tuple[int, ...]:
    if len(prompt) <= room:
        return prompt
    return start + prompt[len(prompt) - room + len(start) :]


def _sample(prompt: tuple[int, ...], completion: tuple[int, ...], loss_on: str) -> Sample:
    ids = prompt + completion
    ignored = max(1, len(prompt)) if loss_on != "all" else 1
    return Sample(input_ids=ids, labels=(IGNORED,) * ignored + ids[ignored:])


def collate(samples: Sequence[Sample], *, pad_id: int) -> dict[str, Any]:
    """Tensors of one micro-batch, padded on the right as the walkthrough pads."""
    import torch

    longest = max(len(sample.input_ids) for sample in samples)
    width = -(-longest // PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF

    def padded(rows: list[tuple[int, ...]], value: int) -> Any:
        return torch.tensor([row + (value,) * (width - len(row)) for row in rows], dtype=torch.long)

    return {
        "input_ids": padded([sample.input_ids for sample in samples], pad_id),
        "attention_mask": padded([(1,) * len(sample.input_ids) for sample in samples], 0),
        "labels": padded([sample.labels for sample in samples], IGNORED),
    }
