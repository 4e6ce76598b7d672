"""The tokenizer files of a model folder, read with bounds: only what is needed, nothing that names code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

from core.base_models.reading import broken, read_object, read_text
from core.errors import ModelError

_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_MANY_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    """What the folder says about text.

    Attributes:
        tokenizer: of tokenizer.json, with the tokens that the configuration adds.
        named: the special tokens by name (``eos_token``), as templates see them.
        template: the chat template's source; None when the folder has none.
        end_ids: the tokens that end a generation, as far as the folder says.
    """

    tokenizer: Tokenizer
    named: dict[str, str]
    template: str | None
    end_ids: tuple[int, ...]


def read(folder: Path, *, with_template: bool = True) -> TokenizerFiles:
    """Read the folder; without the chat template where another is used in its place.

    Raises:
        ModelError: no tokenizer.json, or a file that is broken or too large.
    """
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(
            "The base model has no tokenizer.",
            reason=f"There is no tokenizer.json in {folder.name}.",
            hint="Save it with the tokenizers library (AutoTokenizer … save_pretrained), or choose another model.",
            details=str(folder),
        )
    source = read_text(folder / "tokenizer.json", megabytes=256)
    try:
        tokenizer = Tokenizer.from_str(source)
    except Exception as error:  # the library raises plain Exception for whatever is wrong with the file
        raise broken(folder / "tokenizer.json", str(error)) from error
    config = read_object(folder / "tokenizer_config.json")
    named = _named_tokens(folder, config)
    _add_missing(tokenizer, config, named)
    template = _template(folder, config) if with_template else None
    return TokenizerFiles(tokenizer, named, template, _end_ids(folder, tokenizer))


def write(folder: Path, tokenizer: str, named: dict[str, str], template: str) -> None:
    """Write the files that :func:`read` reads.

    Raises:
        OSError: the folder cannot be written.
    """
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **named}
    contents = {
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
        "chat_template.jinja": template,
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")


def _named_tokens(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    source = dict(config)
    if "added_tokens_decoder" not in config:  # the older layout
        source |= read_object(folder / "special_tokens_map.json")
    named = {name: _literal(source.get(name)) for name in _NAMED}
    return {name: literal for name, literal in named.items() if literal}


def _literal(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def _add_missing(tokenizer: Tokenizer, config: dict[str, Any], named: dict[str, str]) -> None:
    """Add the tokens that the configuration knows and tokenizer.json does not, in the order Transformers does."""
    known = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    entries = config.get("added_tokens_decoder")
    if isinstance(entries, dict) and len(entries) <= _MANY_TOKENS:
        for _, entry in sorted((int(key), entry) for key, entry in entries.items() if str(key).isdecimal()):
            literal = _literal(entry)
            if literal and literal not in known:
                flags = {key: bool(entry.get(key)) for key in ("single_word", "lstrip", "rstrip", "special")}
                tokenizer.add_tokens([AddedToken(literal, normalized=bool(entry.get("normalized", True)), **flags)])
                known.add(literal)
    tokenizer.add_special_tokens([literal for literal in dict.fromkeys(named.values()) if literal not in known])


def _template(folder: Path, config: dict[str, Any]) -> str | None:
    """The default chat template: its own file before the configuration, as Transformers has it."""
    if (folder / "chat_template.jinja").is_file():
        return read_text(folder / "chat_template.jinja", megabytes=1)
    entry = config.get("chat_template") or read_object(folder / "chat_template.json").get("chat_template")
    if isinstance(entry, list):  # several, with names
        entry = {item.get("name"): item.get("template") for item in entry if isinstance(item, dict)}
    if isinstance(entry, dict):
        entry = entry.get("default")
    return entry if isinstance(entry, str) and entry else None


def _end_ids(folder: Path, tokenizer: Tokenizer) -> tuple[int, ...]:
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    ids: list[Any] = []
    for name in ("generation_config.json", "config.json"):
        value = read_object(folder / name).get("eos_token_id")
        ids += value[:64] if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(i for i in ids if isinstance(i, int) and not isinstance(i, bool) and 0 <= i < size))
