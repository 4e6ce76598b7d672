"""Edits a store without end and says of each edit when it is done (started by test_durability.py)."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from core.dataset.example import Example
from core.dataset.store import ExampleStore

store = ExampleStore(Path(sys.argv[1]))
for number in itertools.count(store.revision):
    match number % 5:
        case 0:
            store.add([Example(f"example {number}")])
        case 4:
            store.undo()
            store.redo()
    (last,) = store.ids()[-1:]
    store.update(last, note=str(number))
    sys.stdout.write(f"{last} {number}\n")
    sys.stdout.flush()
