"""Log-probability of every whole option, by one pass over each question.

A question becomes one row: its prompt, then the four options side by side. A mask lets every option see the prompt and
itself only, and positions restart after the prompt, so that each option is scored exactly as if it stood there alone,
while the prompt is computed once. Prompts are padded on the left, so that all options lie in the last columns and the
output layer runs on those alone.

The log-probability of an option is the SUM over the tokens of its text, `B) Metformin`, not divided by their number:
it is the probability of that text being the answer. The highest sum is the prediction; on a tie, the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .device import autocast
from .prompt import LETTERS, Question, render_option, render_prompt
from .samples import Encoder

LOGITS_AT_ONCE = 2**28
"""Numbers in the largest block of logits: 1 GiB in fp32. Larger batches are taken in parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One question in tokens."""

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + sum(map(len, self.options))


def encode_questions(questions: Sequence[Question], encoder: Encoder) -> list[Asked]:
    """Prompts and options, tokenised apart as in training."""
    prompts = encoder.prompts([render_prompt(question) for question in questions])
    options = encoder.continuations(
        [render_option(question, index) for question in questions for index in range(len(LETTERS))]
    )
    return [
        Asked(prompt=prompt, options=tuple(options[4 * row : 4 * row + 4]))
        for row, prompt in enumerate(prompts)
    ]


def batches_by_length(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indexes in batches of neighbours in length, longest first: the same whatever the number of ranks."""
    ordered = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def score_options(
    asked: Sequence[Asked],
    *,
    model: Any,
    device: Any,
    precision: str,
    batch: int,
    rank: int = 0,
    ranks: int = 1,
    on_batch: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, list[float]]:
    """Log-probabilities of the options, by index of the question, of every `ranks`-th batch from `rank` on."""
    import torch

    model.eval()
    vocabulary = model.get_output_embeddings().weight.shape[0]
    mine = batches_by_length([question.length for question in asked], batch)[rank::ranks]
    scores: dict[int, list[float]] = {}
    with torch.inference_mode(), autocast(device, precision):
        for number, indexes in enumerate(mine, start=1):
            for part in _parts(indexes, asked, vocabulary):
                scores.update(zip(part, _score([asked[index] for index in part], model, device), strict=True))
            on_batch(number, len(mine))
    return scores


def _parts(indexes: list[int], asked: Sequence[Asked], vocabulary: int) -> Iterator[list[int]]:
    """A batch in parts whose logits fit LOGITS_AT_ONCE."""
    columns = max(asked[index].length - len(asked[index].prompt) for index in indexes) + 1
    rows = max(1, LOGITS_AT_ONCE // (columns * vocabulary))
    for start in range(0, len(indexes), rows):
        yield indexes[start : start + rows]


def _score(asked: list[Asked], model: Any, device: Any) -> list[list[float]]:
    import torch

    columns = max(question.length - len(question.prompt) for question in asked)
    width = max(len(question.prompt) for question in asked) + columns
    ids, positions, groups = zip(
        *(_row(question, columns=columns, width=width) for question in asked), strict=True
    )
    input_ids = torch.tensor(ids, device=device)
    group = torch.tensor(groups, device=device)
    output = model(
        input_ids=input_ids,
        attention_mask=_mask(group, next(model.parameters()).dtype),
        position_ids=torch.tensor(positions, device=device),
        logits_to_keep=columns + 1,
        use_cache=False,
    )
    return _sums(output.logits, input_ids[:, -columns:], group[:, -columns:])


PADDING, PROMPT = -1, 0


def _row(question: Asked, *, columns: int, width: int) -> tuple[list[int], list[int], list[int]]:
    """Token ids, positions and groups (padding -1, prompt 0, options 1 to 4) of one question."""
    before = width - columns - len(question.prompt)
    length = len(question.prompt)
    ids = [0] * before + list(question.prompt)
    positions = [0] * before + list(range(length))
    groups = [PADDING] * before + [PROMPT] * length
    for number, option in enumerate(question.options, start=1):
        ids += option
        positions += range(length, length + len(option))
        groups += [number] * len(option)
    after = width - len(ids)
    return ids + [0] * after, positions + [0] * after, groups + [PADDING] * after


def _mask(group: Any, dtype: Any) -> Any:
    """0 where a token may look, the lowest number of `dtype` where it must not: causal, and by group.

    Padding sees itself, so that no row of the softmax is empty.
    """
    import torch

    width = group.shape[1]
    causal = torch.ones(width, width, dtype=torch.bool, device=group.device).tril()
    own, other = group[:, :, None], group[:, None, :]
    seen = (own == other) | ((other == PROMPT) & (own > PROMPT))
    allowed = seen & causal & (own != PADDING) | torch.eye(width, dtype=torch.bool, device=group.device)
    zero = torch.zeros((), dtype=dtype, device=group.device)
    return torch.where(allowed, zero, torch.finfo(dtype).min)[:, None]


def _sums(logits: Any, ids: Any, group: Any) -> list[list[float]]:
    """Sum of the log-probabilities of each option's tokens.

    `logits` begins one column before the options. A token is predicted by the column before it, except the first of
    each option, which the last token of the prompt predicts: column 0.
    """
    import torch

    columns = ids.shape[1]
    first = torch.ones_like(group, dtype=torch.bool)
    first[:, 1:] = group[:, 1:] != group[:, :-1]
    source = torch.where(first, 0, torch.arange(columns, device=ids.device))
    chances = torch.log_softmax(logits.float(), dim=-1)
    rows = torch.arange(ids.shape[0], device=ids.device)[:, None]
    tokens = chances[rows, source, ids]
    sums = [torch.where(group == number, tokens, 0.0).sum(dim=1) for number in range(1, len(LETTERS) + 1)]
    return torch.stack(sums, dim=1).double().tolist()
