"""The loss: the mean over the targets of the whole effective batch, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from trainer.errors import RocmarkError
from trainer.recorder import SKIPS_IN_A_ROW, check_finite
from trainer.walkthrough import token_mean_loss


def test_divides_the_sum_by_the_targets_of_the_effective_batch() -> None:
    # Two positions predict: 3/4 for token 0 (right), 1/4 for token 1 (right). Three targets lie in other micro-batches.
    logits = torch.tensor([[[math.log(3), 0.0], [math.log(3), 0.0], [9.0, 9.0]]])
    labels = torch.tensor([[-100, 0, 1]])
    loss = token_mean_loss({"logits": logits}, labels, torch.tensor(5))
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 5, abs=1e-6)


def test_is_zero_where_nothing_is_asked() -> None:
    loss = token_mean_loss({"logits": torch.zeros(1, 3, 2)}, torch.full((1, 3), -100), torch.tensor(5))
    assert loss.item() == 0.0


@pytest.mark.parametrize(
    ("loss", "norm", "skips", "words"),
    [
        (math.nan, 1.0, 0, "diverged at step 3 of 9: found a loss of nan"),
        (math.inf, 1.0, 1, "a loss of inf"),
        (1.0, math.inf, 0, "a gradient norm of inf"),
        (1.0, math.nan, SKIPS_IN_A_ROW, "a gradient norm of nan"),
    ],
)
def test_a_step_that_is_no_number_ends_the_run(loss: float, norm: float, skips: int, words: str) -> None:
    with pytest.raises(RocmarkError, match=words) as error:
        check_finite(3, 9, loss, norm, skips=skips)
    assert error.value.outcome == "diverged"


def test_a_step_that_the_scaler_skipped_does_not() -> None:
    check_finite(3, 9, 1.0, math.inf, skips=1)
