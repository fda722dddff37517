"""The recipe `fast` computes what PEFT computes: loss, every gradient, and each sample as if it were alone."""

from __future__ import annotations

import pytest
import torch
from fast_models import ALL, VOCABULARY, make_fast, make_model, make_samples, peft_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.fast.head import HeadLoss, chunk_loss
from trainer.samples import IGNORED

BOUND = 1e-5


def largest_difference(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> float:
    """Of any entry, as a share of its tensor's largest."""
    assert found.keys() == wanted.keys()
    return max(((found[k] - wanted[k]).abs().max() / wanted[k].abs().max()).item() for k in wanted)


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), ALL, ("o_proj", "down_proj")], ids="-".join)
@pytest.mark.parametrize("family", ["qwen3", "qwen2", "llama"])
def test_loss_and_gradients_are_those_of_peft(family: str, targets: tuple[str, ...]) -> None:
    model, samples = make_model(family, targets), make_samples(8)
    loss, wanted = peft_gradients(model, samples)
    found_loss, found = make_fast(model, samples, targets=targets).gradients()
    assert found_loss == pytest.approx(loss, rel=BOUND)
    assert largest_difference(found, wanted) <= BOUND


@pytest.mark.parametrize(
    "settings",
    [
        {"at_once": 3},
        {"filled": True},
        {"recompute": True},
        {"at_once": 1, "filled": True, "recompute": True},
    ],
    ids=["several passes", "filled rows", "recomputed", "all of it"],
)
def test_how_a_step_is_cut_changes_nothing(settings: dict[str, object]) -> None:
    model, samples = make_model("qwen3"), make_samples(8)
    loss, wanted = peft_gradients(model, samples)
    found_loss, found = make_fast(model, samples, **settings).gradients()
    assert found_loss == pytest.approx(loss, rel=BOUND)
    assert largest_difference(found, wanted) <= BOUND


def test_a_loss_scale_leaves_the_loss_and_goes_through_every_gradient() -> None:
    model, samples = make_model("qwen3"), make_samples(4)
    fast = make_fast(model, samples)
    loss, plain = fast.gradients()
    scaled_loss, scaled = fast.gradients(scale=1024.0)
    assert scaled_loss == loss
    assert largest_difference(scaled, plain) <= BOUND


def test_the_logits_of_a_sample_are_those_of_peft_and_do_not_change_with_its_neighbours() -> None:
    model, samples = make_model("qwen3"), make_samples(6)
    with torch.no_grad():
        wanted = model(input_ids=torch.tensor([samples[0].input_ids])).logits[0]
    length = len(samples[0].input_ids)
    found = []
    for neighbours in (samples[1:3], samples[3:6], [samples[5], samples[1]]):
        fast = make_fast(make_model("qwen3"), [samples[0], *neighbours])
        found.append(fast.network.logits(fast.inputs[0], longest=fast.longest)[:length])
    for logits in found:
        torch.testing.assert_close(logits, wanted, rtol=BOUND, atol=BOUND)


def test_the_model_answers_the_same_after_its_weights_were_taken_over_and_given_back() -> None:
    model = make_model("qwen2")
    ids = torch.tensor([make_samples(1)[0].input_ids])
    with torch.no_grad():
        before = model(input_ids=ids).logits
        fast = make_fast(model, make_samples(2))
        during = model(input_ids=ids).logits
        fast.adapters.release()
        after = model(input_ids=ids).logits
    torch.testing.assert_close(during, before, rtol=BOUND, atol=BOUND)
    assert torch.equal(after, during)


def test_what_is_trained_reaches_the_product_and_peft() -> None:
    model, samples = make_model("qwen3"), make_samples(3)
    fast = make_fast(model, samples)
    with torch.no_grad():
        fast.adapters.flat.add_(0.01)
        fast.adapters.write_back()
    loss, wanted = peft_gradients(model, samples)
    found_loss, found = fast.gradients()
    assert found_loss == pytest.approx(loss, rel=BOUND)
    assert largest_difference(found, wanted) <= BOUND


def test_dropout_is_the_same_for_a_seed_and_another_for_another() -> None:
    model, samples = make_model("qwen3"), make_samples(4)
    fast = make_fast(model, samples, dropout=0.5)

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return fast.gradients()[0]

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)


def test_each_adapter_of_one_input_drops_entries_of_its_own() -> None:
    model, samples = make_model("qwen3", ("q_proj", "k_proj")), make_samples(1)
    fast = make_fast(model, samples, dropout=0.5, targets=("q_proj", "k_proj"))
    # With equal A and equal B a shared mask would give both adapters' A the same gradient up to the projection's own.
    seen: list[torch.Tensor] = []
    original = torch.nn.functional.dropout

    def spy(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:
        result = original(x, p, training)
        seen.append(result == 0)
        return result

    torch.nn.functional.dropout = spy
    try:
        fast.gradients()
    finally:
        torch.nn.functional.dropout = original
    assert len(seen) == 6
    assert not torch.equal(seen[0], seen[1])


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 40),
    seed=st.integers(0, 2**31),
    ignored=st.floats(0, 1),
    scale=st.sampled_from([1.0, 64.0]),
)
def test_head_loss_and_its_gradient_are_those_of_autograd(
    rows: int, seed: int, ignored: float, scale: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(rows, 16, generator=generator, requires_grad=True)
    head = torch.randn(VOCABULARY, 16, generator=generator)
    targets = torch.randint(VOCABULARY, (rows,), generator=generator)
    targets[torch.rand(rows, generator=generator) < ignored] = IGNORED
    divisor = torch.tensor(7.0)
    wanted = torch.nn.functional.cross_entropy(
        states @ head.t(), targets, ignore_index=IGNORED, reduction="sum"
    )
    (wanted_gradient,) = torch.autograd.grad(wanted / 7 * scale, states)
    loss = HeadLoss.apply(states, head, targets, divisor, torch.tensor(scale), chunk_loss)
    (gradient,) = torch.autograd.grad(loss, states)
    torch.testing.assert_close(loss, wanted / 7, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient, wanted_gradient, rtol=1e-4, atol=1e-5 * scale)


def test_head_loss_does_not_depend_on_how_many_rows_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = torch.randn(50, 16, requires_grad=True)
    head, targets = torch.randn(VOCABULARY, 16), torch.randint(VOCABULARY, (50,))
    one = torch.tensor(1.0)

    def run() -> tuple[torch.Tensor, torch.Tensor]:
        loss = HeadLoss.apply(states, head, targets, one, one, chunk_loss)
        return loss, torch.autograd.grad(loss, states)[0]

    whole = run()
    monkeypatch.setattr("trainer.fast.head.CHUNK_ELEMENTS", VOCABULARY * 16)
    for one_way, other in zip(whole, run(), strict=True):
        torch.testing.assert_close(one_way, other)


def test_entries_that_fp16_would_lose_survive_because_the_scale_comes_first() -> None:
    logits = torch.zeros(1, 4096, dtype=torch.float16)
    logits[0, 0] = 12.0
    tokens = torch.tensor(3200.0)
    target = torch.tensor([0])
    _, without = chunk_loss(logits, target, tokens, torch.tensor(1.0))
    _, scaled = chunk_loss(logits, target, tokens, torch.tensor(65536.0))
    assert without[0, 1].item() == 0.0
    assert scaled[0, 1].item() > 0.0


def test_compiled_layers_compute_the_same() -> None:
    model, samples = make_model("qwen3"), make_samples(8)
    loss, wanted = peft_gradients(model, samples)
    found_loss, found = make_fast(model, samples, filled=True, compiled=True).gradients()
    assert found_loss == pytest.approx(loss, rel=BOUND)
    assert largest_difference(found, wanted) <= BOUND
