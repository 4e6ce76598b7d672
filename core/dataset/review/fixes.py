"""Mending what a rule found, in one step that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.dataset.change import Change, counted
from core.dataset.example import Example, Split, Status
from core.dataset.review import encoding, rules, sameness, whitespace
from core.dataset.review.findings import Group
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
        case rules.EXACT:
            return store.delete(_surplus(store, group, _is_same))
        case rules.NEAR:
            return store.delete(_surplus(store, group, _is_near))
        case rules.UNTRAINABLE:
            return store.update_many(group.examples, status=Status.EXCLUDED)
        case rules.LEAK:
            heldout = {finding.examples[0] for finding in group.findings}
            return store.update_many(sorted(heldout), split=Split.TRAIN)
        case rules.WHITESPACE:
            return _rewrite(store, group, _trimmed, "Trim the spaces of {}")
        case rules.ENCODING:
            return _rewrite(store, group, encoding.mended, "Repair the letters of {}")
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


def _is_near(kept: Example, other: Example) -> bool:
    from core.dataset.review import near  # and numpy with it

    return sameness.same(kept).bare == sameness.same(other).bare or near.is_near(near.parts(kept), near.parts(other))


def _trimmed(example: Example, field: str) -> str:
    return whitespace.trimmed(getattr(example, field))


def _rewrite(store: ExampleStore, group: Group, mend: Callable[[Example, str], str], label: str) -> Change:
    changes: list[tuple[int, dict[str, Any]]] = []
    for start in range(0, len(group.examples), _AT_ONCE):
        for example in store.rows(group.examples[start : start + _AT_ONCE]):
            texts = {field: getattr(example, field) for field in _TEXTS}
            new = {field: mend(example, field) for field, text in texts.items() if text}
            changed: dict[str, Any] = {field: text for field, text in new.items() if text != texts[field]}
            if changed:
                changes.append((example.id, changed))
    ids = tuple(id for id, _ in changes)
    return store.update_each(changes, label=label.format(counted(ids))) if changes else Change("")
