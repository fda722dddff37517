"""The bundled model: what its manifest says, in the hub's format, small, and made the same way again."""

import json
import random
from pathlib import Path

import pytest
import torch
import transformers

from trainer.make import pretrain as recipe
from trainer.make.corpus import documents
from trainer.make.data import build_splits
from trainer.make.facts import read_relations
from trainer.make.muon import orthogonalise
from trainer.prompt import Question, render_option, render_prompt

MODEL = Path(__file__).parents[2] / "trainer" / "bundled" / "model"
RELATIONS = read_relations()


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.AutoTokenizer.from_pretrained(MODEL, local_files_only=True)


@pytest.fixture(scope="module")
def questions():
    splits = build_splits(RELATIONS)
    return [
        Question(
            id=row["id"],
            subject=row["subject_name"],
            text=row["question"],
            options=(row["opa"], row["opb"], row["opc"], row["opd"]),
            gold=row["cop"],
            explanation=row["exp"],
        )
        for row in [*splits["train"], *splits["validation"]]
    ]


def test_every_file_is_as_the_manifest_says():
    assert recipe.manifest(MODEL) == json.loads((MODEL / "manifest.json").read_text())


def test_it_fits_into_git():
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 12 * 2**20


def test_it_loads_offline_as_a_qwen3_of_some_millions_of_parameters_in_float32():
    model = transformers.AutoModelForCausalLM.from_pretrained(MODEL, local_files_only=True)
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert 2e6 < model.num_parameters() < 4e6
    assert model.dtype == torch.float32
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert all(torch.isfinite(weight).all() for weight in model.parameters())


def test_prompts_are_short_and_come_back_from_their_tokens(tokenizer, questions):
    for question in questions:
        text = render_prompt(question)
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.decode(ids) == text
        assert len(ids) <= 80


def test_a_letter_is_one_token_and_the_border_of_the_answer_is_a_border_of_tokens(tokenizer, questions):
    letters = [tokenizer(letter)["input_ids"] for letter in "ABCD"]
    assert all(len(ids) == 1 for ids in letters)
    for question in questions[:200]:
        prompt, option = render_prompt(question), render_option(question, question.gold)
        together = tokenizer(prompt + option)["input_ids"]
        apart = tokenizer(option)["input_ids"]
        assert together == tokenizer(prompt)["input_ids"] + apart
        assert apart[:1] == letters[question.gold]


def test_any_text_comes_back_from_its_tokens(tokenizer):
    text = "Caf\u00e9 40\u00b5g \u2192 \u4e2d\n\n\tTab  two spaces"
    assert tokenizer.decode(tokenizer(text)["input_ids"], clean_up_tokenization_spaces=False) == text


def test_the_tokenizer_is_made_the_same_again(tokenizer):
    made = recipe.build_tokenizer(RELATIONS, recipe.statements(RELATIONS))
    assert made.get_vocab() == tokenizer.get_vocab()
    assert made.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


def test_pretraining_reads_no_question_and_no_prompt():
    stream = documents(RELATIONS, random.Random(5))
    read = "\n".join(next(stream) for _ in range(9000))
    assert "?" not in read
    assert "###" not in read
    assert "Which" not in read


def test_some_steps_twice_give_the_same_weights():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        first, second = (recipe.pretrain(RELATIONS, steps=3)[0].state_dict() for _ in range(2))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_orthogonalised_matrix_keeps_its_directions_and_has_singular_values_near_one():
    matrix = torch.randn(24, 40, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonalise(matrix)
    values = torch.linalg.svdvals(found)
    assert 0.6 < values.min() <= values.max() < 1.3
    assert torch.allclose(
        left.T @ found @ right.T,
        torch.diag(torch.diagonal(left.T @ found @ right.T)),
        atol=1e-3,
    )
    assert torch.allclose(orthogonalise(matrix.T), found.T, atol=1e-5)
