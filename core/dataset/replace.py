"""Find and replace in the texts of many examples: what a wish would change, found in a child process, and doing it.

The child is this module, started as ``python -m core.dataset.replace``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.child import Child, Message, serve
from core.dataset.change import Change
from core.dataset.example import Example
from core.dataset.store import ExampleStore
from core.errors import UserError

TEXTS = ("instruction", "input", "output", "system", "history", "note")
_SECONDS = 1.0  # a pattern may take on one text
_MEGABYTES = 2048
_ROWS_AT_ONCE = 500
_TELL_SECONDS = 0.1
_LONGEST_LABEL = 30


@dataclass(frozen=True, slots=True)
class Replacement:
    r"""What somebody wants replaced.

    Attributes:
        find: the words, or a pattern where ``regular``; empty finds nothing.
        replace: what takes its place; where ``regular``, ``\1`` and ``\g<name>`` stand for groups of the pattern.
        fields: of :data:`TEXTS`, where to look.
        regular: ``find`` is a regular expression (of the library ``regex``; ``^`` and ``$`` are line ends).
        match_case: capital letters make a difference.
        whole_words: not inside of words.
    """

    find: str
    replace: str = ""
    fields: tuple[str, ...] = ("instruction", "input", "output")
    regular: bool = False
    match_case: bool = False
    whole_words: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one example: new values by field, and how many places are replaced."""

    id: int
    values: dict[str, Any]
    matches: int


@dataclass(frozen=True, slots=True)
class Found:
    """The next examples that would change, how many places all found so far have, and how far the search is."""

    ids: tuple[int, ...]
    matches: int
    done: int
    total: int


class Replacer:
    """Works one wish out on examples."""

    def __init__(self, wish: Replacement) -> None:
        """Read the pattern.

        Raises:
            UserError: it cannot be read, or the replacement names a group that it does not have.
        """
        import regex  # type: ignore[import-untyped]

        self._wish = wish
        pattern = wish.find if wish.regular else regex.escape(wish.find, special_only=True)
        if wish.whole_words:
            pattern = rf"(?<!\w)(?:{pattern})(?!\w)"
        flags = regex.MULTILINE | (0 if wish.match_case else regex.IGNORECASE)
        self._by = wish.replace if wish.regular else wish.replace.replace("\\", "\\\\")
        try:
            if wish.regular:
                regex.compile(wish.find, flags)  # a place in an error is that of what was typed
            self._pattern = regex.compile(pattern, flags)
        except (regex.error, OverflowError, RecursionError) as error:
            raise _unreadable("The pattern cannot be read.", error) from error
        try:
            regex.sub(f"(?:{pattern})|", self._by, "", flags=flags)  # read only where something is found
        except (regex.error, IndexError) as error:
            raise _unreadable("The replacement cannot be read.", error) from error

    def edit(self, example: Example) -> Edit | None:
        """What would become of an example; None when nothing would.

        Raises:
            UserError: the pattern takes too long on it.
        """
        if not self._wish.find:
            return None
        values: dict[str, Any] = {}
        matches = 0
        try:
            for name in self._wish.fields:
                if name == "history":
                    turns, count = self._in_turns(example)
                    if turns != example.history:
                        values[name] = turns
                        matches += count
                    continue
                old: str = getattr(example, name)
                new, count = self._in_text(old)
                if new != old:
                    values[name] = new
                    matches += count
        except TimeoutError as error:
            raise UserError(
                "The pattern takes too long.",
                reason=f"On example {example.id} it was not done after {_SECONDS:g} second.",
                hint="Make it simpler: repetitions inside of repetitions, such as (a+)+, take forever.",
            ) from error
        return Edit(example.id, values, matches) if values else None

    def _in_text(self, text: str) -> tuple[str, int]:
        if not text:
            return text, 0
        if self._wish.regular:
            new, count = self._pattern.subn(self._by, text, timeout=_SECONDS, concurrent=True)
        else:  # words cannot take forever, and minding the time takes longer than finding them
            new, count = self._pattern.subn(self._by, text)
        return str(new), int(count)

    def _in_turns(self, example: Example) -> tuple[tuple[Any, ...], int]:
        done = [(turn, *self._in_text(turn.content)) for turn in example.history]
        return tuple(replace(turn, content=new) for turn, new, _ in done), sum(count for _, _, count in done)


def texts(example: Example, edit: Edit) -> Iterator[tuple[str, str, str]]:
    """What an edit changes in an example as (field, text before, text after); each earlier turn by itself."""
    for name, value in edit.values.items():
        if name != "history":
            yield name, getattr(example, name), value
            continue
        for before, after in zip(example.history, value, strict=True):
            if before != after:
                yield name, before.content, after.content


def replace_in(store: ExampleStore, ids: Sequence[int], wish: Replacement) -> Change:
    """Carry a wish out on these examples as they are now, in one undo step.

    Raises:
        UserError: as :class:`Replacer`; nothing is changed then.
    """
    replacer = Replacer(wish)
    edits = [edit for example in _rows(store, ids) if (edit := replacer.edit(example)) is not None]
    where = f"example {edits[0].id}" if len(edits) == 1 else "{count} examples"
    label = f"Replace {_named(wish.find)} in {where}"
    return store.update_each(((edit.id, edit.values) for edit in edits), label=label)


def search(
    store: ExampleStore, wish: Replacement, ids: Sequence[int] | None = None, *, every: float = _TELL_SECONDS
) -> Iterator[Found]:
    """Look for what a wish would change, in these examples or in all; tells of it every so many seconds, and last.

    Raises:
        UserError: as :class:`Replacer`.
    """
    replacer = Replacer(wish)
    total = store.counts().total if ids is None else len(ids)
    examples = store.iterate() if ids is None else _rows(store, ids)
    found: list[int] = []
    matches = done = 0
    told = time.monotonic()
    for done, example in enumerate(examples, 1):
        edit = replacer.edit(example)
        if edit is not None:
            found.append(edit.id)
            matches += edit.matches
        if time.monotonic() - told > every:
            yield Found(tuple(found), matches, done, total)
            found = []
            told = time.monotonic()
    yield Found(tuple(found), matches, done, max(total, done))


@dataclass
class ReplaceSearch:
    """:func:`search` in a child process; ``messages`` blocks, ``stop`` may be called from any thread."""

    examples: Path
    wish: Replacement
    ids: Sequence[int] | None = None
    _child: Child = field(init=False)

    def __post_init__(self) -> None:
        ids = None if self.ids is None else list(self.ids)
        request = {"examples": str(self.examples), "wish": asdict(self.wish), "ids": ids}
        self._child = Child("core.dataset.replace", request, megabytes=_MEGABYTES)

    def messages(self) -> Iterator[Found]:
        """What is found; the last says that ``done`` is ``total``.

        Raises:
            core.child.Stopped: :meth:`stop` was called.
            UserError: as :class:`Replacer`.
        """
        for message in self._child.messages():
            yield Found(tuple(message["ids"]), message["matches"], message["done"], message["total"])

    def stop(self) -> None:
        """End the search."""
        self._child.stop()


def work(request: Message, tell: Callable[[Message], None]) -> None:
    """The child's part of :class:`ReplaceSearch`."""
    wish = Replacement(**{**request["wish"], "fields": tuple(request["wish"]["fields"])})
    store = ExampleStore(Path(request["examples"]), read_only=True)
    try:
        for found in search(store, wish, request["ids"]):
            tell({"ids": found.ids, "matches": found.matches, "done": found.done, "total": found.total})
    finally:
        store.close()


def _rows(store: ExampleStore, ids: Sequence[int]) -> Iterator[Example]:
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        yield from store.rows(ids[start : start + _ROWS_AT_ONCE])


def _named(words: str) -> str:
    """What was looked for, as a label has it."""
    shown = " ".join(words.replace("{count}", "…").split())
    return f"“{shown if len(shown) <= _LONGEST_LABEL else shown[: _LONGEST_LABEL - 1] + '…'}”"


def _unreadable(title: str, error: Exception) -> UserError:
    place = getattr(error, "pos", None)
    said = str(getattr(error, "msg", "") or error)
    where = "" if place is None else f", at character {place + 1}"
    return UserError(
        title,
        reason=f"{said[:1].upper()}{said[1:]}{where}.",
        hint="Turn “Regular expression” off to look for these very characters.",
    )


if __name__ == "__main__":
    sys.exit(serve(work))
