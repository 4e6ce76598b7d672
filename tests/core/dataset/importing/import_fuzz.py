"""Damaged files of every format, read in child processes as a person's import is: nothing may happen but words.

From the top of the checkout ``PYTHONPATH=tests/core/dataset/importing python -m import_fuzz 10000`` reads that many;
the suite reads a few. Each is made of a good one by random damage. A dead child, an ending without words, a skipped
row without its number and a reason, or five seconds for one file are failures.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core.child import Child, Message, serve
from core.dataset import files
from core.dataset.example import Example, Turn
from core.dataset.importing import child
from core.dataset.importing.reading import Reading, Shape, Summary
from core.dataset.importing.source import Source
from core.dataset.importing.staging import staged_examples
from core.errors import UserError

_PIECES = [
    b"[",
    b"]",
    b'"',
    b"\\",
    b"{",
    b"}",
    b",",
    b"\0",
    b"\xff",
    b"\n",
    b"\r",
    b";",
    b"\t",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
]
_ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".xlsx", ".parquet")
_MEGABYTES = 4096
_SLOW = 5.0  # seconds that no file may take


def good_files(folder: Path) -> dict[str, bytes]:
    """A whole file of each format, and some in other encodings."""
    turns = (Turn("user", "q"), Turn("assistant", "a"))
    examples = [
        Example(f"i {n} ä", "数" * (n % 3), 'say "o"\n, ;', history=turns[: n % 2 * 2], tags=("a",)) for n in range(20)
    ]
    found = {}
    for ending in _ENDINGS:
        files.write(folder / f"good{ending}", examples)
        found[ending] = (folder / f"good{ending}").read_bytes()
    chats = [{"messages": example.messages()} for example in examples]
    found["chats.jsonl"] = "\n".join(json.dumps(row, ensure_ascii=False) for row in chats).encode()
    found["wide.jsonl"] = "\n".join(map(json.dumps, chats)).encode("utf-16")
    found["old.csv"] = "instruction;output\r\nGröße;für alle\r\n".encode("cp1252") * 9
    return found


def damaged(good: bytes, dice: random.Random) -> bytes:
    """A file with some bytes changed, removed, put in or doubled."""
    data = bytearray(good)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data)) if data else 0
        match dice.randrange(7):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[at : at + dice.randrange(60)]
            case 2:
                data[at:at] = dice.choice(_PIECES) * dice.choice([1, 2, 3, 40, 50_000])
            case 3:
                data[at:at] = data[: dice.randrange(len(data) or 1)]
            case 4:
                del data[at:]
            case 5:
                data[at : at + 4] = dice.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"null", b"9999"])
            case 6:
                data[at:at] = dice.randbytes(dice.randrange(40))
    return bytes(data)


def work(request: Message, tell: object) -> None:
    """In a child: read files in turn, each told of by a line, so that the last one before a death is known."""
    assert callable(tell)
    from core.worker import datasets_reader

    for path in map(Path, request["files"]):
        module = datasets_reader if path.suffix == ".parquet" else child
        staged = path.with_name(f"{path.name}.staged")
        asked = {"source": Source(path).to_json(), "mapping": {}, "project": None, "staged": str(staged)}
        heard: list[Message] = []
        start, ending = time.perf_counter(), ""
        try:
            module.work(asked, heard.append)
        except UserError as error:
            ending = str(error)
        summary = next((message["summary"] for message in heard if "summary" in message), None)
        if summary and staged.exists():
            assert sum(1 for _ in staged_examples(staged)) == summary["examples"]
        staged.unlink(missing_ok=True)
        tell({"file": path.name, "ending": ending, "summary": summary, "seconds": time.perf_counter() - start})


def check(told: Message) -> str:
    """What is wrong with how the reading of a file ended; nothing if it is as it should be."""
    if told["seconds"] > _SLOW:
        return f"took {told['seconds']:.1f} s"
    if not told["summary"]:
        return "" if told["file"] in told["ending"] else f"ended without its name: {told['ending']!r}"
    for row, _column, reason in told["summary"]["skipped_rows"]:
        if row < 1 or not reason:
            return f"a row without words: {row} {reason!r}"
    return ""


def run(count: int, seed: int, at_once: int = 100) -> tuple[Counter[str], list[str]]:
    """Read ``count`` damaged files; returns what happened how often, and what must not have."""
    dice = random.Random(seed)
    endings: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = good_files(folder)
        for first in range(0, count, at_once):
            paths = []
            for number in range(first, min(first + at_once, count)):
                kind = dice.choice(list(good))
                paths.append(folder / f"{number}-{kind if not kind.startswith('.') else 'x' + kind}")
                paths[-1].write_bytes(damaged(good[kind], dice))
            request = {"files": [str(path) for path in paths]}
            done = 0
            try:
                for told in _child(request).messages():
                    done += 1
                    endings["read" if told["summary"] else "refused"] += 1
                    endings["rows skipped"] += (told["summary"] or {}).get("skipped", 0)
                    if problem := check(told):
                        wrong.append(f"{told['file']}: {problem}")
            except UserError as error:
                endings["children died"] += 1
                wrong.append(f"{paths[done].name}: {error} {error.details[-400:]}")
            for path in paths:
                path.unlink()
    return endings, wrong


def _child(request: Message) -> Child:
    here = str(Path(__file__).parent)
    return Child("import_fuzz", request, megabytes=_MEGABYTES, environment={"PYTHONPATH": here})


def through_readings(count: int, seed: int) -> list[str]:
    """Read damaged files each in a process of its own, as the window does; returns what must not have happened."""
    dice = random.Random(seed)
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = good_files(folder)
        for number in range(count):
            kind = dice.choice(list(good))
            path = folder / f"{number}-{kind if not kind.startswith('.') else 'x' + kind}"
            path.write_bytes(damaged(good[kind], dice))
            reading = Reading(Source(path), mapping={})
            try:
                last = list(reading.messages())[-1]
                if not isinstance(last, Summary | Shape):
                    wrong.append(f"{path.name}: ended with {last}")
            except UserError as error:
                if path.name not in str(error):
                    wrong.append(f"{path.name}: {error} {error.details[-400:]}")
            finally:
                reading.close()
    return wrong


def main() -> int:
    """Read as many damaged files as asked, and say what happened."""
    parser = argparse.ArgumentParser(description="Read damaged files of examples.")
    parser.add_argument("count", type=int, help="of files")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    endings, wrong = run(args.count, args.seed)
    for what, often in endings.most_common():
        sys.stdout.write(f"{often:9,} {what}\n")
    sys.stdout.write("\n".join([*wrong[:50], f"{len(wrong):,} things happened that must not", ""]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) > 1 else serve(work))
