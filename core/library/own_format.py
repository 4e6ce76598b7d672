"""How an imported adapter wants its questions written: with the chat template that came with it, where that matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core.base_models import catalogue
from core.base_models.reading import read_object, read_text
from core.errors import ModelError, PromptError
from core.prompt.chosen_template import shipped
from core.prompt.format import PromptFormat
from core.recipe.choices import OWN, WRITTEN
from core.recipe.schema import ModelSettings

_NOW = datetime(2024, 3, 1, 12)
_LARGEST_MEGABYTES = 1
_TURNS = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}]
_ASKED = "One more:\nwhy?"
_LAST = {"role": "user", "content": f"  {_ASKED}"}
_SYSTEM = {"role": "system", "content": "Be brief."}
_PROBES = ([_LAST], [*_TURNS, _LAST], [_SYSTEM, _LAST])

_NOT_USED = "The chat template that came with it is not used"


def with_its_template(folder: Path, model: ModelSettings) -> tuple[ModelSettings, str]:
    """The model's settings with the chat template that an adapter was trained with.

    Args:
        folder: the adapter's folder; may come from anybody.
        model: the base model, on this machine, with the chat template that would be used otherwise.

    Returns:
        The settings, and a sentence where they are others than those given; else an empty one.
    """
    source = _source(folder)
    if not source:
        return model, ""
    base = catalogue.resolve(model.base)
    try:
        wanted = _texts(base, source)
    except ModelError as error:
        return model, f"{_NOT_USED}: {error.title} {error.reason}".rstrip()
    if _ASKED not in wanted[0]:
        return model, f"{_NOT_USED}: it does not write a plain question."
    for name in dict.fromkeys((model.chat_template, OWN, *(template.name for template in shipped()))):
        tried = model.model_copy(update={"chat_template": name})
        try:
            if _texts(base, tried.template) == wanted:
                return tried, "" if name == model.chat_template else "Its chat template came with it."
        except ModelError:  # that one does not suit this model
            continue
    written = {"chat_template": WRITTEN, "written_template": source}
    return model.model_copy(update=written), "Its chat template came with it."


def _source(folder: Path) -> str:
    """The chat template in an adapter's folder; empty where there is none that can be read."""
    try:
        if (folder / "chat_template.jinja").is_file():
            return read_text(folder / "chat_template.jinja", megabytes=_LARGEST_MEGABYTES)
        entry = read_object(folder / "tokenizer_config.json").get("chat_template")
    except ModelError:
        return ""
    return entry if isinstance(entry, str) and len(entry) <= _LARGEST_MEGABYTES << 20 else ""


def _texts(base: Path, template: str) -> Sequence[str]:
    """What a template makes of a few conversations; an empty text where it refuses one.

    Raises:
        ModelError: it cannot be used with this model.
    """
    found = PromptFormat.load(base, template=template, now=_NOW)
    try:
        texts = []
        for messages in _PROBES:
            try:
                texts.append(found.render(list(messages), add_generation_prompt=True))
            except PromptError:  # few templates take every role
                texts.append("")
        return texts
    finally:
        found.close()
