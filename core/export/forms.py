"""All forms of export, in the order in which they are offered."""

from __future__ import annotations

from core.export import adapter, merged, mlx
from core.export.form import Form
from core.export.gguf import form as gguf
from core.export.ollama import form as ollama

FORMS: tuple[Form, ...] = (adapter.FORM, merged.FORM, gguf.FORM, gguf.ADAPTER_FORM, ollama.FORM, mlx.FORM)


def find(name: str) -> Form:
    """A form by its id.

    Raises:
        KeyError: there is none.
    """
    for form in FORMS:
        if form.id == name:
            return form
    raise KeyError(name)
