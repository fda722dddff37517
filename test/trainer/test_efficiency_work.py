"""What a step has to compute and to move, counted by hand."""

from __future__ import annotations

import pytest

from trainer.efficiency.work import Shape, least_bytes, useful_flop

# One product of 2 by 3 and one of 3 by 2, a head of 2 by 10: 12 parameters in the body and 20 in the head.
SMALL = Shape(body=((2, 3), (3, 2)), head=(2, 10))

QWEN3_1_7B = Shape(
    body=28 * (
        (2048, 2048), (2048, 1024), (2048, 1024), (2048, 2048), (2048, 6144), (2048, 6144), (6144, 2048),
    ),
    head=(2048, 151_936),
)  # fmt: skip


def test_work_is_four_flop_a_parameter_and_token_and_the_head_only_where_there_is_a_target() -> None:
    assert useful_flop(SMALL, tokens=100, target_tokens=7) == 4 * (12 * 100 + 20 * 7)


def test_qwen3_1_7b_needs_under_seven_gigaflop_a_token() -> None:
    assert QWEN3_1_7B.num_body == 1_409_286_144
    assert QWEN3_1_7B.num_head == 311_164_928
    assert useful_flop(QWEN3_1_7B, tokens=1, target_tokens=1) == pytest.approx(6.88e9, rel=1e-3)


def test_bytes_are_weights_twice_a_pass_and_each_input_and_output_forward_and_backward() -> None:
    # Weights: 2 x 5 passes x 32 values. Body: 2 x 100 x (2 + 3 + 3 + 2). Head: 2 x 7 x (2 + 10). Two bytes each.
    moved = least_bytes(SMALL, tokens=100, target_tokens=7, passes=5, bytes_a_value=2)
    assert moved == 2 * (320 + 2000 + 168)


def test_one_large_pass_needs_fewer_bytes_than_four_small_ones() -> None:
    step = {"tokens": 3200.0, "target_tokens": 1280.0, "bytes_a_value": 2}
    one, four = (least_bytes(QWEN3_1_7B, passes=passes, **step) for passes in (1, 4))
    assert four - one == 3 * 2 * 2 * (QWEN3_1_7B.num_body + QWEN3_1_7B.num_head)
