"""Which files of a repository a base model consists of; what is refused before a byte of it is fetched.

Nothing that can hold code is ever among them: no Python files, no pickled weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.base_models.hub.model import HubFile
from core.errors import ModelError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
CONFIG = "config.json"
_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt")
_SMALL = (
    *(CONFIG, INDEX, "generation_config.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "chat_template.json", "README.md", "LICENSE", "LICENSE.txt", "LICENSE.md"),
    *("NOTICE", "NOTICE.txt", "USE_POLICY.md"),
)
_LARGEST = {  # bytes; the readers refuse larger ones (core/base_models/reading.py, core/prompt/files.py)
    **dict.fromkeys(_VOCABULARIES, 256 * 1024**2),
    **dict.fromkeys(_SMALL, 16 * 1024**2),
    "chat_template.jinja": 1024**2,
}
_TEXTS = frozenset({"README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt", "USE_POLICY.md"})
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def needed(repo: str, files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """The files of the repository that the model consists of, the small ones first.

    Raises:
        ModelError: it cannot be used here (no safetensors, no fast tokenizer, a file of absurd size); the reason says.
    """
    there = {file.name: file for file in files}
    weights = _weights(there)
    if CONFIG not in there or not weights:
        raise _no_model(repo, there)
    if "tokenizer.json" not in there:
        raise ModelError(
            f"{repo} cannot be used here.",
            reason="It has no tokenizer.json, which says how text is cut into tokens.",
            hint="Look for a version in the format of newer Transformers, or save one yourself: "
            "AutoTokenizer.from_pretrained(ID).save_pretrained(FOLDER), then add the folder.",
        )
    in_parts = weights[0].name != SINGLE
    small = [file for name, file in sorted(there.items()) if name in _LARGEST and (name != INDEX or in_parts)]
    for file in small:
        if file.size > _LARGEST[file.name]:
            raise ModelError(
                f"{repo} cannot be used here.",
                reason=f"Its {file.name} has {file.size / 1024**2:,.0f} MB; such a file never needs more than "
                f"{_LARGEST[file.name] / 1024**2:,.0f} MB.",
                hint="It is damaged or was made to do harm. Choose another model.",
            )
    first = [file for file in small if file.name == CONFIG]
    last = [file for file in small if file.name in _TEXTS]
    rest = [file for file in small if file not in first and file not in last]
    return (*first, *rest, *last, *weights)


def _weights(there: dict[str, HubFile]) -> list[HubFile]:
    if SINGLE in there:
        return [there[SINGLE]]
    shards = [file for name, file in sorted(there.items()) if _SHARD.fullmatch(name)]
    wanted = {int(found[2]) for file in shards if (found := _SHARD.fullmatch(file.name))}
    return shards if INDEX in there and wanted == {len(shards)} else []


def _no_model(repo: str, there: dict[str, HubFile]) -> ModelError:
    title = f"{repo} cannot be used here."
    if "adapter_config.json" in there:
        return ModelError(
            title,
            reason="It is an adapter, no base model.",
            hint="Download the base model that its page names, and import the adapter on the Adapters page.",
        )
    if any(name.endswith(_PICKLED) for name in there) and not any(name.endswith(".safetensors") for name in there):
        return ModelError(
            title,
            reason="Its weights are pickle files: loading one can run any code that its author put in. "
            "Only .safetensors files are loaded.",
            hint="Look for a version with .safetensors files. If you trust the author, convert it in a separate "
            "environment: AutoModelForCausalLM.from_pretrained(ID).save_pretrained(FOLDER), the same with "
            "AutoTokenizer, then add the folder.",
        )
    if any(name.endswith(".gguf") for name in there):
        return ModelError(
            title,
            reason="Its weights are in the GGUF format, which is for running a model, not for training.",
            hint="Choose the model that it was made from; its page usually links there.",
        )
    if CONFIG not in there:
        return ModelError(
            title,
            reason="It has no config.json, so it is no model in Transformers' format.",
            hint="Choose a model whose page says Transformers and Safetensors.",
        )
    return ModelError(
        title,
        reason="It has no complete set of .safetensors files in its top folder.",
        hint="Choose a model whose page says Transformers and Safetensors.",
    )
