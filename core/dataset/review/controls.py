"""Control tokens of chat formats that were copied into a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, texts
from core.dataset.review.rules import CONTROL

_TOKEN = re.compile(
    r"<\|[a-zA-Z][\w ]{0,40}\|>"  # ChatML, Llama 3, Phi, Qwen, this app's starter
    r"|<｜[^｜<>\n]{1,40}｜>"  # DeepSeek
    r"|\[/?INST\]|<</?SYS>>"  # Llama 2, Mistral
    r"|<(?:start_of_turn|end_of_turn|bos|eos|pad|unk|eot|eop|endoftext)>"  # Gemma and others
    r"|\[(?:BOS|EOS|PAD|UNK|CLS|SEP|gMASK|AVAILABLE_TOOLS|TOOL_CALLS)\]"
    r"|</s>(?=\s*\Z)|\A\s*<s>|(?<=\n)<s>(?=\n|\Z)"  # elsewhere they strike text through
    r"|^### (?:Instruction|Response|Input|Human|Assistant): ?$",  # Alpaca, Vicuna
    re.MULTILINE,
)


def look(example: Example) -> Iterator[Mark]:
    """Mark the first token of each field."""
    for field, text in texts(example):
        if ("<" in text or "[" in text or "###" in text) and (found := _TOKEN.search(text)):
            yield Mark(CONTROL, f"“{found[0].strip()}” belongs to a chat format.", field, *found.span())
