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

from core.base_models.catalogue import resolve
from core.child import Message, serve
from core.dataset.review import ignored
from core.dataset.review.cache import FILE, Cache
from core.dataset.review.findings import Finding
from core.dataset.review.job import told
from core.dataset.review.looks import look
from core.dataset.review.marks import Look
from core.dataset.review.rulebook import findings
from core.dataset.review.rules import BY_ID, TOO_LONG
from core.dataset.review.whole import Listed, Whole, listed
from core.dataset.rows import content_hash
from core.dataset.store import ExampleStore
from core.errors import UserError
from core.project import EXAMPLES_FILE
from core.project_file import PROJECT_FILE, ProjectFile
from core.prompt.counting import mark_of
from core.prompt.format import PromptFormat
from core.prompt.too_long import Length, Ruler
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
        problem = ""
        try:
            all_findings += _too_long(whole, recipe, cache, tell)
        except UserError as error:
            problem = str(error)
        kept = [f for f in all_findings if not unwanted or ignored.key_of(f, contents) not in unwanted]
        for message in told(kept):
            tell(message)
        hidden = len(all_findings) - len(kept)
        tell({"report": {"examples": len(whole), "revision": found.revision, "ignored": hidden, "problem": problem}})


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
    said = 0.0
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


def _too_long(whole: Whole, recipe: Recipe, cache: Cache, tell: Tell) -> list[Finding]:
    """Findings for what training leaves out because of its length.

    Raises:
        UserError: the base model's tokens cannot be had.
    """
    base, maximum = resolve(recipe.model.base), recipe.training.max_length
    try:
        model = mark_of(base, recipe.model.template)
    except OSError as error:
        raise UserError("The base model cannot be read.", reason=f"{error.strerror or error}.") from error
    prompt = PromptFormat.load(base, template=recipe.model.template)
    try:
        ruler = Ruler(prompt, maximum)
        doubtful = [place for place, look in enumerate(whole.of) if ruler.may_be_too_long(look.size, look.turns)]
        lengths = _measured(whole, doubtful, model, ruler, cache, tell)
    finally:
        prompt.close()
    contents = whole.listed.contents.tolist()
    found = []
    for place in doubtful:
        tokens, exact = lengths.get(contents[place], (0, True))
        if tokens > maximum:
            words = f"{tokens:,} tokens" if exact else f"About {tokens:,} tokens"
            message = f"{words}; training takes up to {maximum:,}."
            found.append(Finding(TOO_LONG, BY_ID[TOO_LONG].severity, (whole.id(place),), message))
    return found


def _measured(
    whole: Whole, places: list[int], model: str, ruler: Ruler, cache: Cache, tell: Tell
) -> dict[int, tuple[int, bool]]:
    """Numbers of tokens by content, counted where they were not before."""
    known = {content: found for content, found in cache.lengths(model).items() if ruler.is_decided(Length(*found))}
    contents = whole.listed.contents.tolist()
    missing = {contents[place]: whole.id(place) for place in places if contents[place] not in known}
    ids = list(missing.values())
    said = time.monotonic()
    fresh: dict[int, tuple[int, bool]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        examples = whole.memory.rows(ids[start : start + _AT_ONCE])
        for example, length in zip(examples, ruler.measure(examples), strict=True):
            fresh[content_hash(example)] = (0, True) if length is None else (length.tokens, length.exact)
        if time.monotonic() - said > _TELL_SECONDS:
            said = time.monotonic()
            tell({"progress": [len(places) - len(ids) + start, len(places)]})
    cache.keep_lengths(model, fresh)
    return known | fresh


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
