"""Giving tags to many examples and taking tags from them, in one undo step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from core.dataset.change import Change
from core.dataset.store import ExampleStore
from core.dataset.text import clean_tag

_ROWS_AT_ONCE = 500


def change_tags(
    store: ExampleStore, ids: Sequence[int], *, add: Sequence[str] = (), remove: Collection[str] = ()
) -> Change:
    """Add tags after those that an example has, and take others away; a tag that is in both is added."""
    new = tuple(dict.fromkeys(tag for tag in map(clean_tag, add) if tag))
    gone = frozenset(map(clean_tag, remove)).difference(new)

    def changes() -> Iterator[tuple[int, dict[str, tuple[str, ...]]]]:
        for start in range(0, len(ids), _ROWS_AT_ONCE):
            for example in store.rows(ids[start : start + _ROWS_AT_ONCE]):
                kept = tuple(tag for tag in example.tags if tag not in gone)
                tags = tuple(dict.fromkeys((*kept, *new)))
                if tags != example.tags:
                    yield example.id, {"tags": tags}

    where = f"example {ids[0]}" if len(ids) == 1 else "{count} examples"
    return store.update_each(changes(), label=f"Change tags of {where}")


def tags_of(store: ExampleStore, ids: Sequence[int]) -> list[str]:
    """The tags that these examples have, in alphabetical order."""
    found: set[str] = set()
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        for example in store.rows(ids[start : start + _ROWS_AT_ONCE]):
            found.update(example.tags)
    return sorted(found, key=lambda tag: (tag.casefold(), tag))
