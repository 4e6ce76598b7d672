"""The child process behind ``core.dataset.statistics``: reads all examples, counts the tokens of those not yet counted.

Started as ``python -m core.prompt.statistics_child``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.base_models.catalogue import resolve
from core.child import Message, serve
from core.dataset import facts
from core.dataset.array_messages import facts_messages, message_of
from core.dataset.statistics import FIELDS
from core.dataset.store import ExampleStore
from core.errors import UserError
from core.prompt.counting import Counter, Tell, format_of
from core.prompt.lengths_cache import LengthsCache


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.dataset.statistics.StatisticsJob`."""
    examples = Path(request["examples"])
    store = ExampleStore(examples, read_only=True)
    try:
        found, contents = facts.read(store, request["share"])
        for message in facts_messages(found):
            tell(message)
        try:
            folder = resolve(request["base"])
            prompt, mark = format_of(folder, request["template"])
        except UserError as error:
            tell({"uncounted": _told(error)})
            return
        try:
            counter = Counter(store, prompt, LengthsCache(examples.parent, mark), tell)
            counts = counter.count(found.ids, contents)
            for field, column in zip(FIELDS, counts.T, strict=True):
                tell(message_of("lengths", field, values=column))
            tell({"counted": True})
        finally:
            prompt.close()
    finally:
        store.close()


def _told(error: UserError) -> dict[str, str]:
    return {"title": error.title, "reason": error.reason, "hint": error.hint, "details": error.details}


if __name__ == "__main__":
    sys.exit(serve(work))
