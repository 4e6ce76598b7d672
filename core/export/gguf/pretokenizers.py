"""How a text is cut before its pieces are merged into tokens: the names that llama.cpp has for each known way.

llama.cpp does not read tokenizer.json; it has the expressions built in, each under a name. A tokenizer whose way is
not exactly one of these is refused: with another one, the model would read other tokens than it learnt from.
Names and expressions: llama.cpp, ``src/llama-vocab.cpp``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.export.gguf.families import refused

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}{{1,3}}|{_REST}"
_QWEN2 = rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}|{_REST}"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
_TEKKEN = (
    rf"{_BEFORE}{_UPPER}*{_LOWER}+|{_BEFORE}{_UPPER}+{_LOWER}*|\p{{N}}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Steps of tokenizer.json in order -> the name. The key's last part says whether a piece that is a token by itself is
# taken as it is (ignore_merges); None where it does not matter.
_BYTES, _WORDS_AND_BYTES = ("bytes", False), ("bytes", True)
_KNOWN: Mapping[tuple[tuple[object, ...], ...], Mapping[bool, str]] = {
    (_WORDS_AND_BYTES,): {False: "gpt-2"},
    (("digits", True), _WORDS_AND_BYTES): {False: "smollm"},
    (("split", _LLAMA3), _BYTES): {True: "llama-bpe", False: "smaug-bpe"},
    (("split", _QWEN2), _BYTES): {False: "qwen2"},
    (("split", _TEKKEN), _BYTES): {True: "tekken", False: "tekken"},
}


def name(tokenizer: Mapping[str, Any]) -> str:
    """The name for a byte-level tokenizer, as tokenizer.json describes it.

    Raises:
        ModelError: there is none.
    """
    steps = tuple(_step(step) for step in _steps(tokenizer.get("pre_tokenizer")))
    ignores_merges = tokenizer["model"].get("ignore_merges") is True
    found = _KNOWN.get(steps, {}).get(ignores_merges, "")
    normalizer = tokenizer.get("normalizer")
    # NFC leaves what is written today as it is; llama.cpp leaves it out with this family.
    if normalizer is not None and not (found == "qwen2" and normalizer.get("type") == "NFC"):
        raise refused("Its tokenizer changes the text first (a normalizer), which llama.cpp does not know.")
    if not found:
        raise refused(
            "Its tokenizer cuts text in a way that llama.cpp has no name for.",
            details=str(tokenizer.get("pre_tokenizer")),
        )
    return found


def _steps(pre_tokenizer: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if not pre_tokenizer:
        return []
    if pre_tokenizer.get("type") == "Sequence":
        return [step for inner in pre_tokenizer["pretokenizers"] for step in _steps(inner)]
    return [pre_tokenizer]


def _step(step: Mapping[str, Any]) -> tuple[object, ...]:
    kind = step.get("type")
    if kind == "ByteLevel" and not step.get("add_prefix_space", True):
        return ("bytes", step.get("use_regex", True))
    if kind == "Digits":
        return ("digits", step.get("individual_digits", False))
    if kind == "Split" and step.get("behavior") == "Isolated" and not step.get("invert", False):
        return ("split", step["pattern"].get("Regex"))
    return (kind, "unknown")
