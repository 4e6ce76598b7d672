"""The child process behind ``core.dataset.review``: looks at the examples that are new or changed, then compares all.

Started as ``python -m core.review_child``.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.child import Message, serve
from core.dataset.review import ignored
from core.dataset.review.cache import FILE, Cache
from core.dataset.review.job import told
from core.dataset.review.looks import look
from core.dataset.review.marks import Look
from core.dataset.review.rulebook import findings
from core.dataset.review.whole import Listed, Whole, listed
from core.dataset.rows import content_hash
from core.dataset.store import ExampleStore
from core.project import EXAMPLES_FILE
from core.project_file import PROJECT_FILE, ProjectFile
from core.recipe.schema import Recipe

Tell = Callable[[Message], None]
_AT_ONCE = 250
_TELL_SECONDS = 0.2
_KEEP_AT = 5000  # looks; what was looked at so far survives being stopped


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.dataset.review.job.ReviewJob`."""
    project = Path(request["project"])
    recipe = ProjectFile.load(project / PROJECT_FILE).recipe
    store = ExampleStore(project / EXAMPLES_FILE, read_only=True)
    try:
        try:
            _review(project, recipe, store, tell)
        except sqlite3.DatabaseError:  # the store has words of its own: it is the cache that is damaged
            with contextlib.suppress(OSError):
                (project / FILE).unlink(missing_ok=True)
            _review(project, recipe, store, tell)
    finally:
        store.close()


def _review(project: Path, recipe: Recipe, store: ExampleStore, tell: Tell) -> None:
    with contextlib.closing(Cache(project)) as cache:
        found = listed(store, recipe.heldout.share)
        whole = _looked(store, found, cache, tell)
        unwanted = ignored.read(project)
        contents = dict(zip(whole.listed.ids.tolist(), whole.listed.contents.tolist(), strict=True))
        all_findings = list(findings(whole))
        kept = [finding for finding in all_findings if ignored.key_of(finding, contents) not in unwanted]
        for message in told(kept):
            tell(message)
        hidden = len(all_findings) - len(kept)
        tell({"report": {"examples": len(whole), "revision": found.revision, "ignored": hidden}})


def _looked(store: ExampleStore, found: Listed, cache: Cache, tell: Tell) -> Whole:
    """Look at what was not looked at before."""
    wanted = set(found.contents.tolist())
    looks: dict[int, Look] = {}
    old: list[int] = []
    for content, known in cache.looks():
        if content in wanted:
            looks[content] = known
        else:
            old.append(content)
    missing = _missing(found, looks)
    fresh: list[tuple[int, Look]] = []
    total = len(found.ids)
    said = time.monotonic()
    for start in range(0, len(missing), _AT_ONCE):
        for example in store.rows(missing[start : start + _AT_ONCE]):
            fresh.append((content_hash(example), look(example)))
        if len(fresh) >= _KEEP_AT:
            looks.update(fresh)
            cache.keep(fresh)
            fresh.clear()
        if time.monotonic() - said > _TELL_SECONDS:
            said = time.monotonic()
            tell({"progress": [total - len(missing) + start, total]})
    looks.update(fresh)
    cache.keep(fresh)
    cache.forget(old)
    # What was changed meanwhile is for the next review.
    there = np.fromiter((content in looks for content in found.contents.tolist()), dtype=np.bool_, count=total)
    return Whole(found.only(there), looks, _Memory(store, cache))


class _Memory:
    """The store's texts and the cache's pairs (:class:`core.dataset.review.memory.Memory`)."""

    def __init__(self, store: ExampleStore, cache: Cache) -> None:
        self.rows = store.rows
        self.pairs = cache.pairs
        self.keep_pairs = cache.keep_pairs


def _missing(found: Listed, looks: dict[int, Look]) -> list[int]:
    """An example of each content that was not looked at."""
    ids: dict[int, int] = {}
    for id, content in zip(found.ids.tolist(), found.contents.tolist(), strict=True):
        if content not in looks:
            ids.setdefault(content, id)
    return list(ids.values())


if __name__ == "__main__":
    sys.exit(serve(work))
