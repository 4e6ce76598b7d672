"""The example workshop with very many examples: each figure beside its goal, and a small project beside the large one.

    .venv/bin/python benchmarks/workshop.py [--rows 1000000] [--small 10000] [--folder FOLDER]

Makes both projects (a file of JSON lines, read in a child process, taken in at once), then asks each the same
questions, in turns. Figures are medians in milliseconds unless a unit is named; the ratio is the large project's to the
small one's.
Takes about five minutes and three times the file's size on the disk for a million rows.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.dataset.example import Status  # noqa: E402
from core.dataset.importing.reading import FirstRows, Reading, Summary  # noqa: E402
from core.dataset.importing.source import Source  # noqa: E402
from core.dataset.store import ExampleStore, Query  # noqa: E402
from core.project import Project  # noqa: E402

WORDS = "the sea lies calm under a grey morning and nobody speaks of harbours but gulls who know each boat by its bell"
ROUNDS = 9


@dataclass(frozen=True)
class Figure:
    """One measurement of a project, and the goal for the large one (milliseconds) where there is one."""

    name: str
    ask: Callable[[ExampleStore, random.Random], object]
    goal: str = ""
    rounds: int = ROUNDS


def main() -> int:
    """Print all figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the projects are made; a temporary folder unless given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tunesmith-workshop-") as place:
        folder = args.folder or Path(place)
        stores = [filled(folder / str(rows), rows) for rows in (args.small, args.rows)]
        compare(stores, args.small, args.rows)
        taken_back(stores)
        for store in stores:
            store.close()
    return 0


def filled(folder: Path, rows: int) -> ExampleStore:
    """Import a file of ``rows`` examples into a new project, and say how long each part takes."""
    folder.mkdir(parents=True)
    file = folder / "examples.jsonl"
    write(file, rows)
    size = file.stat().st_size
    project = Project.create(folder / "project")
    began = time.perf_counter()
    reading = Reading(Source(path=file), project=project.path)
    first = summary = None
    for message in reading.messages():
        if isinstance(message, FirstRows) and first is None:
            first = time.perf_counter() - began
        elif isinstance(message, Summary):
            summary = message
    read = time.perf_counter() - began
    assert summary is not None
    assert summary.examples == rows
    change = project.store.add_staged(reading.staged, label="Import")
    taken = time.perf_counter() - began - read
    reading.close()
    file.unlink()
    assert len(change.added) == rows
    print(f"\nImport of {rows:,} examples ({size / 1e6:,.0f} MB of JSON lines)")
    line("first rows shown", f"{(first or 0) * 1000:,.0f} ms", "at once")
    line("file read and counted (child process)", f"{read:.2f} s", "")
    line("taken into the project (one step, durable)", f"{taken:.2f} s", "")
    line("both", f"{read + taken:.2f} s", "2.0 s for 1,000,000 of 560 MB (D1)")
    began = time.perf_counter()
    project.store.settle()
    line("index for search and backup, in the background", f"{time.perf_counter() - began:.1f} s", "18 CPU-s")
    project.close()
    began = time.perf_counter()
    store = ExampleStore(project.path / "examples.db")
    line("opened again", f"{(time.perf_counter() - began) * 1000:.1f} ms", "")
    return store


def write(file: Path, rows: int) -> None:
    """A file of made-up examples of about 560 characters each."""
    dice = random.Random(7)
    words = WORDS.split()
    with open(file, "w", encoding="utf-8", newline="\n") as out:
        for number in range(rows):
            say = [dice.choice(words) for _ in range(90)]
            row: dict[str, Any] = {
                "instruction": f"Question {number}: {' '.join(say[:20])}?",
                "input": " ".join(say[20:40]) if number % 3 == 0 else "",
                "output": f"{' '.join(say[40:])}, zebra{number}.",
            }
            if number % 50 == 0:
                row["tags"] = ["rare"]
            out.write(json.dumps(row) + "\n")


def page(store: ExampleStore, query: Query, dice: random.Random) -> object:
    """A page of rows somewhere in a list, as scrolling asks for it."""
    key = (id(store), query)
    ids = LISTS[key] = LISTS.get(key) or store.ids(query)
    start = dice.randrange(max(1, len(ids) - 50))
    return store.rows(ids[start : start + 50])


LISTS: dict[tuple[int, Query], Any] = {}
SORTS = ("instruction", "output", "length", "updated", "status", "split")


def edit(store: ExampleStore, dice: random.Random) -> object:
    """One edit, durable."""
    return store.update(dice.randrange(1, 1000), output=f"other words {dice.random()}")


FIGURES = (
    Figure("first rows of the list", lambda store, _: store.first_ids(Query(), 200), "8"),
    Figure("the whole list", lambda store, _: store.ids(), ""),
    Figure("a page while scrolling", lambda store, dice: page(store, Query(), dice), "8 (D2), ratio 1.2"),
    Figure("a page of a list by length", lambda store, dice: page(store, Query(sort="length"), dice), "8 (D2)"),
    Figure("counts", lambda store, _: store.counts(), ""),
    Figure("search, a rare word: first hits", lambda store, _: store.first_ids(Query("zebra77"), 200), "5 (D3)"),
    Figure("search, a common word: first hits", lambda store, _: store.first_ids(Query("harbours"), 200), "5 (D3)"),
    Figure("search, two words: all hits", lambda store, _: store.ids(Query("zebra777 gulls")), ""),
    Figure("filter: drafts", lambda store, _: store.ids(Query(status=Status.DRAFT)), ""),
    Figure("filter: a tag", lambda store, _: store.first_ids(Query(tag="rare"), 200), ""),
    *(
        Figure(f"sort by {sort}: first rows", lambda store, _, sort=sort: store.first_ids(Query(sort=sort), 200), "")
        for sort in SORTS
    ),
    Figure("held-out side of all", lambda store, _: store.heldout(0.1), "", 1),
    Figure("an edit, durable", edit, "10 (D4)", 50),
    Figure("an example's history", lambda store, _: store.story(77), "", 3),
)


def compare(stores: list[ExampleStore], small: int, rows: int) -> None:
    """All figures of both projects in turns."""
    print(f"\n{'milliseconds':46} {small:>11,} {rows:>11,} {'ratio':>7}  goal")
    for figure in FIGURES:
        times: list[list[float]] = [[], []]
        for turn in range(figure.rounds):
            for store, found in zip(stores, times, strict=True):
                dice = random.Random(turn)
                figure.ask(store, dice) if turn == 0 and figure.rounds > 1 else None
                began = time.perf_counter()
                figure.ask(store, dice)
                found.append((time.perf_counter() - began) * 1000)
        a, b = (statistics.median(found) for found in times)
        print(f"{figure.name:46} {a:11.2f} {b:11.2f} {b / a:7.1f}  {figure.goal}", flush=True)


def taken_back(stores: list[ExampleStore]) -> None:
    """Steps on everything, and back again."""
    print("\nSteps on all examples (seconds)")
    for name, act in (
        ("mark all as drafts", lambda store: store.update_many(store.ids(), status=Status.DRAFT)),
        ("take it back", lambda store: store.undo()),
        ("delete all", lambda store: store.delete(store.ids())),
        ("take it back", lambda store: store.undo()),
    ):
        took = []
        for store in stores:
            began = time.perf_counter()
            act(store)
            took.append(time.perf_counter() - began)
        print(f"{name:46} {took[0]:11.2f} {took[1]:11.2f}", flush=True)


def line(name: str, value: str, goal: str) -> None:
    """One figure with its goal."""
    print(f"  {name:48} {value:>12}  {goal and f'goal: {goal}'}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
