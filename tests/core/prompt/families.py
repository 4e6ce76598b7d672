"""Small tokenizers, trained in a blink, with the traits of the families people use, each with its chat template."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEMPLATES = Path(__file__).parents[2] / "data" / "templates"
CORPUS = [
    "Please write to the customer that the parcel is late.",
    "Dear customer, we are sorry. The parcel will be with you on Friday.",
    "What is the capital of France? The capital of France is Paris.",
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
    "### Instruction:\nSum up the text.\n\n### Response:\nIt is short.\n\n",
    "system user assistant model You are a helpful assistant. INST think",
] * 20
_QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_BYTES = [f"<0x{number:02X}>" for number in range(256)]


def _byte_level(special: list[str], *, ignore_merges: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(special)
    return tokenizer


def _sentencepiece_bpe(special: list[str], *, prefix: bool) -> Tokenizer:
    """BPE over text with spaces as ▁ and bytes for the unknown; its special tokens are words of the vocabulary."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token=special[0]))
    steps = [normalizers.Prepend("▁")] if prefix else []
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        + ([decoders.Strip(" ", 1, 0)] if prefix else [])
    )
    # Without a pre-tokenizer the trainer would learn whole sentences: words first, then taken away again.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=700, special_tokens=[*special, *_BYTES], show_progress=False)
    )
    form = json.loads(tokenizer.to_str())
    form["pre_tokenizer"] = None
    form["added_tokens"] = [token for token in form["added_tokens"] if token["content"] not in _BYTES]
    return Tokenizer.from_str(json.dumps(form))


def _unigram() -> Tokenizer:
    """A unigram model whose vocabulary has the special tokens as words, as SentencePiece makes it."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    letters = [chr(number) for number in range(33, 127)]
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.UnigramTrainer(
            vocab_size=400,
            special_tokens=["<s>", "</s>", "<unk>"],
            unk_token="<unk>",
            initial_alphabet=["\n", *letters],
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return tokenizer


def _chatml() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("<think>", "</think>", "<tool_call>")])
    return tokenizer, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}


def _llama3() -> tuple[Tokenizer, dict[str, str]]:
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tokenizer = _byte_level(special, ignore_merges=True)
    bos = tokenizer.token_to_id(special[0])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{special[0]} $A", special_tokens=[(special[0], bos)]
    )
    return tokenizer, {"bos_token": special[0], "eos_token": "<|eot_id|>"}


def _mistral() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _sentencepiece_bpe(["<unk>", "<s>", "</s>", "[INST]", "[/INST]"], prefix=True)
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def _gemma() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _sentencepiece_bpe(
        ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], prefix=False
    )
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in ("\n\n", "▁▁", "<table>")])
    return tokenizer, {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}


def _base() -> tuple[Tokenizer, dict[str, str]]:
    return _unigram(), {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


FAMILIES: dict[str, tuple[Callable[[], tuple[Tokenizer, dict[str, str]]], str | None]] = {
    "chatml": (_chatml, "chatml"),
    "llama3": (_llama3, "llama3"),
    "mistral": (_mistral, "mistral"),
    "gemma": (_gemma, "gemma"),
    "alpaca": (_base, "alpaca"),
    "base": (_base, None),
    "thinking": (_chatml, "thinking"),
}


def save(folder: Path, family: str, template: str | None = None) -> Path:
    """Write the tokenizer files of a family, with another template where one is given."""
    make, named_template = FAMILIES[family]
    tokenizer, named = make()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    if template is None and named_template is not None:
        template = (TEMPLATES / f"{named_template}.jinja").read_text(encoding="utf-8")
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder
