"""How a setting describes itself: its words, its level, what is usual; and what groups of settings have in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["basic", "advanced"]


def setting(
    default: Any,
    *,
    title: str,
    help: str,
    level: Level = "basic",
    unit: str = "",
    share: bool = False,
    usual: tuple[float, float] | None = None,
    unusual: str | tuple[str, str] = "",
    words: dict[str, str] | None = None,
    first: int = 0,
    empty: str = "",
    only_with: tuple[str, tuple[Any, ...]] | None = None,
    **bounds: Any,
) -> Any:
    """A field that describes itself.

    Args:
        default: the value unless a preset or the user says otherwise.
        title: the label.
        help: one or two plain sentences.
        level: ``basic`` is always shown, ``advanced`` behind one click.
        unit: shown after the number.
        share: whether it is a part of a whole, from 0 to 1, so that per cent may stand beside it.
        usual: the range in which values need no remark.
        unusual: what to say outside of it, or what to say below and what above it.
        words: for a choice, what each value is called on the screen.
        first: for a choice, how many values stand before the others; 0 for all alike.
        only_with: another setting and the values of it with which this one has an effect.
        empty: for a text or a list that may be empty, what that means.
        bounds: pydantic's ``ge``, ``le``, ``gt``, ``lt``.
    """
    below_and_above = unusual if isinstance(unusual, tuple) else (unusual, unusual)
    extra: Any = {"level": level, "unit": unit, "usual": usual, "unusual": below_and_above, "words": words or {}}
    extra |= {"share": share, "empty": empty, "first": first, "only_with": only_with}
    return Field(default=default, title=title, description=help, json_schema_extra=extra, **bounds)


class Group(BaseModel):
    """Settings that belong together: checked when they are made, never changed afterwards."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, frozen=True)
