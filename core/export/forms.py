"""All forms of export, in the order in which they are offered."""

from __future__ import annotations

from core.export import adapter, merged
from core.export.form import Form

FORMS: tuple[Form, ...] = (adapter.FORM, merged.FORM)


def find(name: str) -> Form:
    """A form by its id.

    Raises:
        KeyError: there is none.
    """
    for form in FORMS:
        if form.id == name:
            return form
    raise KeyError(name)
