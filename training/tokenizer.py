"""Trains the byte-level BPE tokenizer: English and arithmetic first, then merges for Russian and Chinese appended.

The two sets of merges share no bytes outside ASCII, so the second leaves the first as it was: a model trained on the
first can go on with the second.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# Qwen2's pre-tokenizer: words, single digits, runs of punctuation, line breaks.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

WHITE = {0x120: " ", 0x10A: "\n"}  # how byte-level BPE writes the space and the line break


def blank(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def lines(paths: list[Path], count: int) -> list[str]:
    out = []
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for _, line in zip(range(count), file):
                problem = json.loads(line)
                out += [problem["question"], problem["reply"]]
    return out


def train(texts: list[str], size: int) -> dict:
    tokenizer = blank(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=20,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return json.loads(tokenizer.to_str())["model"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--english", type=Path, nargs="+", required=True)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=30000, help="problems read from each file")
    parser.add_argument("--english-size", type=int, default=768)
    parser.add_argument("--size", type=int, default=1280)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    first = train(lines(args.english, args.count), args.english_size)
    vocab, merges = first["vocab"], [tuple(m) for m in first["merges"]]
    if args.others:
        second = train(lines(args.others, args.count), 4 * args.size)
        for a, b in (tuple(m) for m in second["merges"]):
            # Only what has bytes above 0x7f: the first set must go on splitting English as it did.
            if len(vocab) >= args.size or a + b in vocab or (a + b).translate(WHITE).isascii():
                continue
            if a in vocab and b in vocab:
                merges.append((a, b))
                vocab[a + b] = len(vocab)
    tokenizer = blank(models.BPE(vocab, merges))
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.save(str(args.out))
    print(len(vocab), "tokens,", len(merges), "merges")


if __name__ == "__main__":
    main()
