"""Golden token ids of difficult texts in two real vocabularies, by Hugging Face's `tokenizers`.

    python3 tests/data/fetch.py /tmp/polo
    PYTHONPATH=tests/data python tests/data/make_tokens.py \\
        /tmp/polo/qwen-tokenizer.json /tmp/polo/SmolLM2-135M-Instruct.Q4_1.gguf

Writes golden/tokens.json: texts and ids, as `encode` gives them with `encode_special_tokens` set: special tokens that
stand in a text stay ordinary text, as they must in what a person writes. The vocabularies:

- `qwen`: 151,643 byte-level BPE tokens, NFC, the pre-tokenizer that GGUF calls `qwen2`; that of Qwen2, Qwen2.5, Qwen3,
  Marco-o1 and R1's Qwen distills, but for the added tokens at its end. llama.cpp (node-llama-cpp 3.22.1) cuts 447 of
  the 461 texts alike: it leaves out NFC (13 texts), and takes `<|fim_prefix|>` for special, which Qwen's file does not.
- `smollm`: SmolLM2's 49,152 tokens from its GGUF file, pre-tokenizer `smollm`, put together as in make_smollm2.py.
  llama.cpp cuts all texts alike.
"""

import datetime
import hashlib
import json
import pathlib
import random
import sys

import gguf
import tokenizers

import make_smollm2

TEXTS = [
    "", " ", "  ", "\n", "\r\n", "\n\n\n", " \n ", "\t\t x", "a  b   c    d", "trailing   ", "   leading",
    "Hello, world!", "It's we'll I'D they'RE don't 'tis rock'n'roll o'clock",
    "1 12 123 1234 12345 3.14159 1,000,000 0x1F 1e-6 ½ Ⅷ ٣٤٥ 〇一二三 ²³ १२३",
    "def f(x):\n    return x ** 2  # squared\n\n\nclass A:\n\tpass\r\n",
    "{\"key\": [1, 2.5, null], \"路径\": \"C:\\\\temp\\\\ф.txt\"}",
    "小明有三个苹果，又买了两个。一共有几个？", "「東京」はどこですか？ありがとうございます。", "안녕하세요, 세계!",
    "Сколько будет 2 + 2? Щёкинский край, ёлка — «ёж».", "Καλημέρα κόσμε! ἄνθρωπος", "مرحبا بالعالم، كيف حالك؟", "שָׁלוֹם עולם",
    "नमस्ते दुनिया क्षत्रिय", "สวัสดีชาวโลก", "Xin chào thế giới, tiếng Việt có dấu", "ქართული ენა", "አማርኛ",
    "e\u0301 vs \u00e9, A\u030a vs \u00c5, \uac00 vs \u1100\u1161, \u212b ﬁ ﬀ ǆ", "\u1e9b\u0323 q\u0307\u0323 q\u0323\u0307",
    "emoji 😀😃 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇫🇷🇯🇵 ☺️ ❤ 🐝\u200d\u2640\ufe0f", "zero\u200bwidth\u200cjoin\u200der\ufeffbom\u2060",
    "\x00\x01\x02\x1b[31mred\x1b[0m\x7f\x80\x9f", "nbsp\u00a0thin\u2009ideographic\u3000line\u2028para\u2029next\u0085vt\x0bff\x0c",
    "rtl \u202eabc\u202c \u2066iso\u2069", "math ∑∫√≠≤ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 ℵ₀ ∀x∈ℝ", "box ┌─┐│█▓▒░ ●◆★", "𠀀𠀁𪚥 𒀀 𐍈 \U0010ffff \ue000 \ufffd",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "=" * 77, "-" * 64 + "\n" + "_" * 33,
    " " * 83 + "x" + " " * 17, "\n" * 41, "\t" * 29 + "x", "ab " * 50,
    "https://example.org/a/b?c=d&e=%20f#g user@example.com @handle #tag $100 €5 50%",
    "<|im_start|>system\nobey<|im_end|>", "<|endoftext|>", "a<|im_end|>b<|im_end|>", "<|im_start|><|im_start|>", "<|im_", "start|>", "<|vision_pad|>",
    "<think>\nhm\n</think>\n<Thought>x</Thought><Output>y</Output>", "<tool_call>{}</tool_call>", "< think >", "<|fim_prefix|>",
    "don’t “quote” ‘single’ … — – ‐ ‑", "CamelCaseAndsnake_case_and-kebab-case.and.dots/and/slashes",
    "ALLCAPS lower Title mIxEd ǅ ß ẞ İ ı", "a\u0300\u0301\u0302\u0303\u0304 z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
]
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCXYZ", "0123456789", " ", "  \n\t\r", ".,;:!?'\"()[]{}<>|/\\@#$%^&*-_=+~`", "éüñçßåøæ", "абвгдежзийё", "的一是不了人我在有他这",
    "ひらがなカタカナ", "한국어", "αβγδ", "ابتث", "אבגד", "अआइक्", "\u0301\u0308\u20e3\u200d\ufe0f", "😀👍🏽🐝", "\x00\x1f\x7f\u00a0\u2028\u3000", "'s't're've'm'll'd",
]


def made_up(rng):
    """Runs of letters of one alphabet after another."""
    text = ""
    for _ in range(rng.randint(1, 12)):
        letters = rng.choice(ALPHABETS)
        text += "".join(rng.choice(letters) for _ in range(rng.choice([1, 1, 2, 3, 5, 9])))
    return text


def ids(tokenizer, texts):
    """Of every text; none of them a special token's."""
    tokenizer.encode_special_tokens = True
    found = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    special = {tokenizer.token_to_id(t.content) for t in tokenizer.get_added_tokens_decoder().values() if t.special}
    assert not any(special & set(some) for some in found)
    return found


def main():
    qwen, smollm = (pathlib.Path(path) for path in sys.argv[1:3])
    rng = random.Random(2026)
    texts = TEXTS + [made_up(rng) for _ in range(400)]
    by_qwen = ids(tokenizers.Tokenizer.from_file(str(qwen)), texts)
    by_smollm = ids(make_smollm2.tokenizer(gguf.GGUFReader(str(smollm))).backend_tokenizer, texts)
    cases = [{"text": t, "qwen": q, "smollm": s} for t, q, s in zip(texts, by_qwen, by_smollm)]
    golden = {
        "script": "tests/data/make_tokens.py", "date": datetime.date.today().isoformat(),
        "tokenizers": tokenizers.__version__, "qwen_sha256": hashlib.sha256(qwen.read_bytes()).hexdigest(),
        "smollm_sha256": hashlib.sha256(smollm.read_bytes()).hexdigest(), "cases": cases,
    }
    out = pathlib.Path(__file__).parent / "golden" / "tokens.json"
    out.write_text(json.dumps(golden, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")
    print(len(cases), "texts,", sum(map(len, by_qwen)), "and", sum(map(len, by_smollm)), "tokens,",
          out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
