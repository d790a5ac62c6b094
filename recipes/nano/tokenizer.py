"""The tokenizer: byte pairs like CLIP's, with a token for every word of the nano world."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from recipes.nano.scenes import vocabulary

CONTEXT = 24  # tokens of a prompt, its two ends counted
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]


def build() -> CLIPTokenizer:
    """Learn the merges until every word of the world is one token; other words are spelt out."""
    words = vocabulary()
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=10_000,
        special_tokens=[*SPECIAL, *alphabet, *(f"{letter}</w>" for letter in alphabet)],
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(words * 2, trainer)
    return from_merges(tokenizer)


def from_merges(tokenizer: Tokenizer) -> CLIPTokenizer:
    """The learnt merges in transformers' class."""
    model = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    # the ends come last, as in CLIP: text encoders find the end as the largest id
    words = [word for word in model["vocab"] if word not in SPECIAL]
    vocab = {word: number for number, word in enumerate([*words, *SPECIAL])}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=CONTEXT)


def save(folder: Path) -> CLIPTokenizer:
    """Build, save and load again, as everybody else will."""
    build().save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)
