"""Mending what a rule found, in one step that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.dataset.change import Change, counted
from core.dataset.example import Example
from core.dataset.review import sameness, whitespace
from core.dataset.review.findings import Group
from core.dataset.review.rules import EXACT, WHITESPACE
from core.dataset.store import ExampleStore

_TEXTS = ("instruction", "input", "output", "system")
_AT_ONCE = 500


def fix(store: ExampleStore, group: Group) -> Change:
    """Mend the findings of a group as the button of its rule says; what was changed since is looked at again first.

    Raises:
        ValueError: the rule has no fix.
        ProjectError: nothing can be written.
    """
    match group.rule.id:
        case rule if rule == EXACT:
            return store.delete(_surplus(store, group, _is_same))
        case rule if rule == WHITESPACE:
            label = f"Trim the spaces of {counted(group.examples)}"
            return store.update_each(_rewritten(store, group, whitespace.trimmed), label=label)
    raise ValueError(f"nothing mends {group.rule.id!r}")


def _surplus(store: ExampleStore, group: Group, same: Callable[[Example, Example], bool]) -> list[int]:
    """The copies that still are copies of the one to keep."""
    found: list[int] = []
    for finding in group.findings:
        kept, *others = store.rows(finding.examples) or [Example()]
        if kept.id == finding.examples[0]:
            found += (other.id for other in others if same(kept, other))
    return found


def _is_same(kept: Example, other: Example) -> bool:
    return sameness.same(kept).exact == sameness.same(other).exact


def _rewritten(store: ExampleStore, group: Group, mend: Callable[[str], str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for start in range(0, len(group.examples), _AT_ONCE):
        for example in store.rows(group.examples[start : start + _AT_ONCE]):
            new = {field: mend(text) for field in _TEXTS if (text := getattr(example, field))}
            changed = {field: text for field, text in new.items() if text != getattr(example, field)}
            if changed:
                yield example.id, changed
