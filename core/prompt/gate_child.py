"""The child process behind ``core.prompt.gate``: proves the ready examples that were not proven before.

Started as ``python -m core.prompt.gate_child``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base_models.catalogue import resolve
from core.child import Message, serve
from core.dataset import facts
from core.dataset.statistics import FIELDS, REFUSED, UNCOUNTED
from core.dataset.store import ExampleStore
from core.prompt.counting import Counter, Tell, mark_of
from core.prompt.format import PromptFormat
from core.prompt.lengths_cache import LengthsCache
from core.prompt.proof import prove
from core.recipe.advice import BIN

_IN_WORDS = 500  # offenders that are told with their reason
_LARGEST_BATCH = 1024  # as the setting allows
_EXCERPT = 120  # characters


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.prompt.gate.GateJob`."""
    examples = Path(request["examples"])
    base, template = resolve(request["base"]), request["template"]
    store = ExampleStore(examples, read_only=True)
    try:
        revision, ids, contents = facts.ready(store)
        cache = LengthsCache(examples.parent, mark_of(base, template))
        counts, known = cache.find(contents)
        found = _summed(ids, counts, request["max_length"])
        if not known.all() or found["flawed"]:  # else nothing needs the tokenizer, whose reading takes longest
            found = _proven(store, base, template, cache, ids, contents, request["max_length"], tell)
        tell({"checked": {"revision": revision, "ready": len(ids), **found}})
    finally:
        store.close()


def _proven(
    store: ExampleStore,
    base: Path,
    template: str,
    cache: LengthsCache,
    ids: NDArray[np.int64],
    contents: NDArray[np.int64],
    maximum: int,
    tell: Tell,
) -> dict[str, Any]:
    """Prove what was not proven before, and put into words what cannot be trained."""
    prompt = PromptFormat.load(base, template=template)
    try:
        counts = Counter(store, prompt, cache, tell, of_some=True).count(ids, contents)
        found = _summed(ids, counts, maximum)
        return found | {"offenders": _in_words(store, prompt, found["flawed"][:_IN_WORDS])}
    finally:
        prompt.close()


def _summed(ids: NDArray[np.int64], counts: NDArray[np.int32], maximum: int) -> dict[str, Any]:
    whole, supervised, flaw = (counts[:, FIELDS.index(field)] for field in ("whole", "supervised", "flaw"))
    there = whole != UNCOUNTED  # what was changed meanwhile is for the next check
    flawed = there & ((whole == REFUSED) | (flaw > 0))
    fine = there & ~flawed
    lengths = whole[fine].astype(np.int64)
    return {
        "flawed": ids[flawed].tolist(),
        "offenders": [],
        "lengths": np.bincount((np.maximum(lengths, 1) - 1) // BIN).tolist() if len(lengths) else [],
        "longest": int(lengths.max(initial=0)),
        "tokens": int(lengths.sum()),
        "supervised": int(supervised[fine].astype(np.int64).sum()),
        "too_long": ids[fine & (whole > maximum)].tolist(),
        "largest": _largest(ids, whole, fine & (whole <= maximum)),
    }


def _largest(ids: NDArray[np.int64], whole: NDArray[np.int32], trained: NDArray[np.bool_]) -> list[int]:
    places = np.flatnonzero(trained)
    order = np.argsort(-whole[places], kind="stable")[:_LARGEST_BATCH]
    found: list[int] = ids[places[order]].tolist()
    return found


def _in_words(store: ExampleStore, prompt: PromptFormat, ids: list[int]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for example in store.rows(ids):
        proof = prove(prompt, example)
        excerpt = " ".join(example.prompt.split())[:_EXCERPT]
        found.append([example.id, int(proof.flaw), excerpt, proof.reason, proof.hint])
    return found


if __name__ == "__main__":
    sys.exit(serve(work))
