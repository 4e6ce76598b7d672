"""What an adapter can be exported as, read off the drawing thread for the dialog that asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.export.form import Facts, Form
    from core.export.source import Source


@dataclass(frozen=True, slots=True)
class Offer:
    """One form for one adapter; ``refusal`` says why it cannot be had."""

    form: Form
    facts: Facts
    refusal: str


@dataclass(frozen=True, slots=True)
class Offers:
    """An adapter with all forms. ``base`` is what people call its base model."""

    source: Source
    title: str
    base: str
    forms: tuple[Offer, ...]


def load(make_source: Callable[[], Source]) -> Offers:
    """Read what has to be known (headers of files).

    Raises:
        ModelError: the adapter or its base model is missing or damaged.
    """
    from core.base_models import catalogue
    from core.export.form import Facts
    from core.export.forms import FORMS

    source = make_source()
    facts = Facts.read(source)
    offers = tuple(Offer(form, facts, form.refusal(facts)) for form in FORMS)
    return Offers(source, source.title, catalogue.display_name(source.model.base), offers)
