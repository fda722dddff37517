"""The bundled model's tokenizer: byte-level BPE whose vocabulary is the words of the facts, so that a question is some 60 tokens.

Words, single newlines and signs never merge with each other; therefore `A`, `B`, `C` and `D` before `)` are one token each, and a
prompt that ends in a newline may be tokenised apart from its continuation.
"""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from .facts import Relation

END = "<|endoftext|>"
PADDING = "<|pad|>"
VOCABULARY_SIZE = 4096
PROMPT_WORDS = "### Question:\n\n\n### Options:\nA) B) C) D)\n\n### Answer:\n\n\n### Explanation:\nNo explanation provided."
"""The words of the prompt get tokens (that pretraining never sees), so that prompts stay short."""


def tokenizer_corpus(relations: list[Relation]) -> list[str]:
    """Texts that hold each word the statements and questions are made of; names ten times, for one token a word."""
    templates = [
        template for relation in relations for group in relation.templates.values() for template in group
    ]
    names = [
        f" {name}" for relation in relations for fact in relation.facts for name in (fact.left, *fact.rights)
    ]
    return [PROMPT_WORDS] * 50 + templates * 5 + sorted(names) * 10


def build_tokenizer(relations: list[Relation], extra: list[str]) -> PreTrainedTokenizerFast:
    """Train the tokenizer on the relations' words and on `extra` texts; the same input gives the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\p{L}+| ?\p{N}|#+|\n+| ?[^\s\p{L}\p{N}]|\s"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[END, PADDING],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*tokenizer_corpus(relations), *extra], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PADDING,
        padding_side="right",
        model_max_length=512,
    )
