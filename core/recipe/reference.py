"""The list of settings with all that is known of each: what the form, the command line's help and the manual read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.recipe.schema import Recipe

Kind = Literal["text", "integer", "number", "switch", "choice", "modules", "names"]


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting: its ``name`` (``group.field``), words, kind, bounds and default."""

    name: str
    group: str
    group_title: str
    title: str
    help: str
    level: str
    unit: str
    kind: Kind
    default: Any
    choices: dict[str, str]
    minimum: float | None
    maximum: float | None
    usual: tuple[float, float] | None
    unusual: tuple[str, str]
    share: bool = False
    empty: str = ""
    first: int = 0
    only_with: tuple[str, tuple[Any, ...]] | None = None

    def matters(self, recipe: Recipe) -> bool:
        """Whether the setting has an effect, as the others stand."""
        if self.only_with is None:
            return True
        (group, field), values = self.only_with[0].split("."), self.only_with[1]
        return getattr(getattr(recipe, group), field) in values

    def remark(self, value: object) -> str:
        """What to say of an allowed but unusual value; empty when there is nothing to say."""
        if self.usual is None or isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        low, high = self.usual
        below, above = self.unusual
        return below if value < low else above if value > high else ""


@cache
def settings() -> tuple[SettingInfo, ...]:
    """Every setting in the order of the schema."""
    return tuple(_walk())


def setting_named(name: str) -> SettingInfo:
    """The setting ``group.field``.

    Raises:
        KeyError: there is no such setting.
    """
    for info in settings():
        if info.name == name:
            return info
    raise KeyError(name)


def _walk() -> Iterator[SettingInfo]:
    for group, group_field in Recipe.model_fields.items():
        model = group_field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for field, info in model.model_fields.items():
            yield _describe(group, group_field.title or group, field, info)


def _describe(group: str, group_title: str, field: str, info: FieldInfo) -> SettingInfo:
    extra: Any = info.json_schema_extra or {}
    kind = _kind(info.annotation)
    choices = (
        {value: extra["words"].get(value, value) for value in get_args(info.annotation)} if kind == "choice" else {}
    )
    return SettingInfo(
        name=f"{group}.{field}",
        group=group,
        group_title=group_title,
        title=info.title or field,
        help=info.description or "",
        level=extra["level"],
        unit=extra["unit"],
        kind=kind,
        default=info.get_default(),
        choices=extra["words"] if kind == "modules" else choices,
        minimum=_bound(info, (Ge, Gt)),
        maximum=_bound(info, (Le, Lt)),
        usual=extra["usual"],
        unusual=extra["unusual"],
        share=extra["share"],
        empty=extra["empty"],
        first=extra["first"],
        only_with=extra["only_with"],
    )


def _kind(annotation: Any) -> Kind:
    if annotation is bool:
        return "switch"
    if annotation is int:
        return "integer"
    if annotation is float:
        return "number"
    if get_origin(annotation) is Literal:
        return "choice"
    if annotation == list[str]:
        return "names"
    return "text" if annotation is str else "modules"


def _bound(info: FieldInfo, types: tuple[type, ...]) -> float | None:
    for item in info.metadata:
        if isinstance(item, types):
            value: float = next(getattr(item, key) for key in ("ge", "gt", "le", "lt") if hasattr(item, key))
            return value
    return None
