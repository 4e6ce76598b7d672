"""An example as the model sees it, as plain values for machines and screens."""

from __future__ import annotations

from typing import Any

from core.dataset.example import Example
from core.prompt.format import PromptFormat


def preview(prompt_format: PromptFormat, example: Example) -> dict[str, Any]:
    """The object that ``tunesmith preview --json`` prints.

    Raises:
        PromptError: the example cannot be written in the model's format.
    """
    encoded = prompt_format.encode(example)
    tokens = [
        {"id": token, "text": text, "role": role, "supervised": supervised}
        for token, text, role, supervised in zip(
            encoded.ids, encoded.texts, encoded.roles, encoded.supervised, strict=True
        )
    ]
    return {
        "id": example.id,
        "text": encoded.text,
        "tokens": tokens,
        "length": len(encoded.ids),
        "supervised": encoded.supervised_count,
    }
