"""Tiny random models of every family that is written as GGUF, with tokenizers of the kinds that they have."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BRACKETS = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{{ message['content'] }}</s>"
    "{% else %}[{{ message['content'] }}]{% endif %}{% endfor %}"
)
COMMON = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 50000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
WINDOWED: dict[str, Any] = {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 64}
# The class of the settings, settings of its own, the tokenizer.
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "llama": ("LlamaConfig", {"tie_word_embeddings": False}, "gpt2"),
    "llama-biases": ("LlamaConfig", {"attention_bias": True, "tie_word_embeddings": True}, "digits"),
    "llama3-rope": ("LlamaConfig", {"tie_word_embeddings": False, "rope_parameters": LLAMA3}, "llama3"),
    "llama-linear-rope": (
        "LlamaConfig",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}},
        "gpt2",
    ),
    "llama2-sentencepiece": ("LlamaConfig", {"tie_word_embeddings": False}, "sentencepiece"),
    "mistral": ("MistralConfig", {"tie_word_embeddings": False, "sliding_window": None, "head_dim": 48}, "metaspace"),
    "qwen2": ("Qwen2Config", {"tie_word_embeddings": True}, "qwen2"),
    "qwen3": ("Qwen3Config", {"tie_word_embeddings": False, "head_dim": 64}, "qwen2"),
    "gemma": ("GemmaConfig", {"head_dim": 32}, "gemma"),
    "gemma2": ("Gemma2Config", WINDOWED, "gemma"),
    "gemma3": ("Gemma3TextConfig", WINDOWED, "gemma"),
}
ADAPTERS: dict[str, dict[str, Any]] = {
    "plain": {"r": 8, "lora_alpha": 16},
    "rank-stabilised": {"r": 16, "lora_alpha": 8, "use_rslora": True},
    "patterns": {
        **{"r": 8, "lora_alpha": 16, "rank_pattern": {"q_proj": 4}},
        "alpha_pattern": {"q_proj": 24, "down_proj": 4},
    },
}
SENTENCE = (
    "the a model learns small rank updates while frozen base weights stay quantized answer question input output "
    "because therefore 12 345 2026 it's we'll data set row Größe café"
)


@cache
def sentences() -> tuple[str, ...]:
    """Text to train tokenizers on, and to ask with."""
    draw = random.Random(0)
    return tuple(" ".join(draw.choices(SENTENCE.split(), k=12)) + draw.choice([".", "?", "!\n"]) for _ in range(1500))


def make_model(folder: Path, kind: str) -> None:
    """A model of three layers, whose every part matters for what it says."""
    import torch
    import transformers

    settings, own, tokenizer = KINDS[kind]
    fast = make_tokenizer(tokenizer)
    ids = {name: getattr(fast, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    sizes = {**COMMON, "vocab_size": len(fast) + 7, **{f"{name}_token_id": number for name, number in ids.items()}}
    torch.manual_seed(3)
    config = getattr(transformers, settings)(**{**sizes, **own})
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embed" in name:
                parameter.normal_(0, 0.1 if "gemma" in kind else 0.5)
            elif "norm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.normal_(0, 0.1 if name.endswith("bias") else 0.06)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)


def make_adapter(base: Path, folder: Path, kind: str) -> None:
    """An adapter of all linear layers, strong enough to change every answer."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", **ADAPTERS[kind]))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.03)
    model.save_pretrained(folder)


@cache
def make_tokenizer(kind: str) -> Any:
    """A tokenizer of one of the kinds that the families have."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    if kind in ("sentencepiece", "metaspace", "gemma"):
        tokenizer, names = _sentencepiece(kind), {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    else:
        tokenizer, names = _bytes(kind), {"bos_token": "<s>", "eos_token": "<|im_end|>"}
    if kind == "gemma":
        tokenizer.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("▁▁", normalized=False)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", **names)
    fast.chat_template = BRACKETS if "unk_token" in names else TEMPLATE
    return fast


def _bytes(kind: str) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    from core.export.gguf import pretokenizers as known

    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    steps: list[Any] = []
    if kind == "digits":
        steps.append(pre_tokenizers.Digits(individual_digits=True))
    if kind in ("llama3", "qwen2"):
        expression = known._LLAMA3 if kind == "llama3" else known._QWEN2
        steps.append(pre_tokenizers.Split(Regex(expression), "isolated"))
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind in ("gpt2", "digits")))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps) if len(steps) > 1 else steps[0]
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<s>", "<pad>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences(), trainer)
    return tokenizer


def _sentencepiece(kind: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    vocabulary, merges = _pieces()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<pad>"])
    space = normalizers.Replace(" ", "▁")
    back = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if kind == "sentencepiece":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), space])
        back.append(decoders.Strip(" ", 1, 0))
    elif kind == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = space
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(back)
    return tokenizer


@cache
def _pieces() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A vocabulary and its merges as SentencePiece's files are converted: every pair that makes a piece, in order."""
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<unk>", "<s>", "</s>", "<pad>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    words = [f"▁{word}" for text in sentences()[:400] for word in text.split(" ")]
    tokenizer.train_from_iterator([*words, *["▁▁"] * 100, *["▁▁▁▁"] * 50], trainer)
    vocabulary = tokenizer.get_vocab()
    merges = []
    for piece in sorted(vocabulary, key=vocabulary.__getitem__):
        halves = [(piece[:at], piece[at:]) for at in range(1, len(piece))]
        merges += [pair for pair in halves if vocabulary.keys() >= set(pair)]
    return vocabulary, merges
