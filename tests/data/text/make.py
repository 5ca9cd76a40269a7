"""Makes tokenizer.json, tokenizer.gguf and goldens.json beside this file, with Hugging Face's own code.

    pip install transformers==5.23.0 tokenizers==0.23.3 gguf==0.19.0
    python make.py

The vocabulary is small and seeded by the corpus below; pre-tokenizer, normaliser and decoder are
Qwen2's. goldens.json holds what `tokenizers` and `transformers.apply_chat_template` give; Rust must
give the same. Made 2026-11-22.
"""

import json
import pathlib

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CORPUS = [
    "What is 12 + 34? The answer is 46. I'll think it's right, we've checked.\n\n",
    "<Thought>\nLet me think step by step.\n</Thought>\n<Output>\nThe answer is 46.\n</Output>\n",
    "Wait! Maybe I made some mistakes! I need to rethink from scratch.\n",
    "У Маши было 3 яблока. Сколько яблок у Маши?\n",
    "小明有三个苹果，又买了两个。一共有几个？\n",
    "system user assistant You are a helpful assistant. Answer in the language of the question.\n",
]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXTS = [
    "",
    "hello world",
    "It's 9.11 or 9.9, we'll see",
    "  leading and   inner  spaces \n\n and\tтабы\r\n",
    "cafe\u0301 — naïve ﬁ Å",
    "小明有三个苹果🍎👩‍👩‍👧，又买了两个。",
    "Сколько будет 1234567890?",
    "<Thought>\nx\n</Thought>\n<Output>\n<b>&amp;</b>\n</Output>",
    "\x00\x01\u200b\ufeff end",
    "aaaa" * 50,
]
QWEN2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# In the manner of R1's distills: trims, drops old thoughts, opens the next one, refuses what it does not know.
THINK_TEMPLATE = """
{%- if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}
{%- set ns = namespace(system='') %}
{%- for message in messages if message['role'] == 'system' %}
    {%- set ns.system = message['content'] | trim %}
{%- endfor %}
{{- bos_token }}{{ ns.system }}
{%- for message in messages %}
    {%- if message['role'] == 'user' %}
        {{- '<|im_start|>user\n' + message['content'].strip() + '<|im_end|>' }}
    {%- elif message['role'] == 'assistant' %}
        {%- set content = message['content'] %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\n' + content + '<|im_end|>' }}
    {%- elif message['role'] != 'system' %}
        {{- raise_exception('unknown role ' + message['role']) }}
    {%- endif %}
{%- endfor %}
{%- if messages[-1]['role'] == 'assistant' %}
    {{- raise_exception('the last message must be the user\\'s') }}
{%- endif %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n<think>\n' }}{%- endif %}
"""
CONVERSATIONS = [
    [{"role": "user", "content": "What is 12 + 34?"}],
    [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "\n小明有几个苹果？ "}],
    [
        {"role": "user", "content": "It's 9.11 or 9.9?"},
        {"role": "assistant", "content": "<think>\nhmm\n</think>\n\nIt's 9.9."},
        {"role": "user", "content": "Сколько будет 2 < 3 && 3 > 2?"},
    ],
]


def tokenizer():
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    made.train_from_iterator(CORPUS * 4, trainer)
    made.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    made.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return made


def write_gguf(path, made):
    described = json.loads(made.to_str())
    vocab = made.get_vocab(with_added_tokens=True)
    names = [name for name, _ in sorted(vocab.items(), key=lambda item: item[1])]
    added = {token["content"]: token["special"] for token in described["added_tokens"]}
    kinds = {True: gguf.TokenType.CONTROL, False: gguf.TokenType.USER_DEFINED, None: gguf.TokenType.NORMAL}
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name("Test vocabulary")
    writer.add_embedding_length(32)
    writer.add_block_count(0)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_feed_forward_length(64)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_context_length(128)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(names)
    writer.add_token_types([kinds[added.get(name)] for name in names])
    writer.add_token_merges([" ".join(pair) for pair in described["model"]["merges"]])
    writer.add_bos_token_id(vocab["<|endoftext|>"])
    writer.add_eos_token_id(vocab["<|im_end|>"])
    writer.add_chat_template(QWEN2_TEMPLATE)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    made = tokenizer()
    made.save(str(HERE / "tokenizer.json"))
    write_gguf(HERE / "tokenizer.gguf", made)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<|endoftext|>", eos_token="<|im_end|>", clean_up_tokenization_spaces=False,
    )
    texts = [{"text": text, "tokens": made.encode(text).ids} for text in TEXTS]
    chats = []
    for name, template in [("qwen2", QWEN2_TEMPLATE), ("think", THINK_TEMPLATE)]:
        for messages in CONVERSATIONS:
            options = {"chat_template": template, "add_generation_prompt": True}
            text = fast.apply_chat_template(messages, tokenize=False, **options)
            chats.append({
                "template": name, "messages": messages, "text": text,
                "tokens": made.encode(text, add_special_tokens=False).ids,
            })
    goldens = {"templates": {"qwen2": QWEN2_TEMPLATE, "think": THINK_TEMPLATE}, "texts": texts, "chats": chats}
    (HERE / "goldens.json").write_text(json.dumps(goldens, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
