"""Examples from and to files in this process, for small files, samples and scripts.

What a person imports goes through :class:`core.dataset.importing.reading.Reading`, in a child process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.dataset.columns import Columns, missing
from core.dataset.csv_rows import check_twice
from core.dataset.example import Example
from core.dataset.importing.opening import HOPELESS, MOST_ROWS, no_examples, open_rows, too_many_rows
from core.dataset.records import RowError, Skipped, example_of
from core.dataset.rows import content_hash
from core.dataset.writing import ENDINGS, FORMS, write
from core.errors import ExamplesFileError

__all__ = ["ENDINGS", "FORMS", "ReadResult", "Skipped", "read", "write"]


@dataclass(slots=True)
class ReadResult:
    """What a file holds; ``duplicates`` counts examples that say the same as an earlier one (they are kept)."""

    examples: list[Example] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    duplicates: int = 0


def read(path: Path, mapping: dict[str, str] | None = None) -> ReadResult:
    """Read examples; bad rows are listed and the good ones kept.

    Args:
        path: a JSON list of objects, JSON lines, or a table with a header (CSV, TSV, XLSX); told apart by ending and
            content.
        mapping: columns by field (``{"output": "reply"}``) where the usual names do not fit.

    Raises:
        ExamplesFileError: the file as a whole cannot be read.
        ValueError: ``mapping`` names an unknown field.
    """
    columns = Columns(mapping)
    result = ReadResult()
    seen: set[int] = set()
    with open_rows(path, columns) as opened:
        if opened.columns:
            _check(columns.of(opened.columns), opened.columns, path)
        for count, (number, row) in enumerate(opened.rows, start=1):
            if count > MOST_ROWS:
                raise too_many_rows(path.name)
            try:
                if isinstance(row, RowError):
                    raise row
                example = example_of(row, columns)
            except RowError as error:
                result.skipped.append(Skipped.of(number, error))
                if len(result.skipped) == HOPELESS and not result.examples:
                    raise no_examples(path.name, HOPELESS, result.skipped[0].where()) from error
                continue
            result.examples.append(example)
            content = content_hash(example)
            result.duplicates += content in seen
            seen.add(content)
    return result


def _check(used: dict[str, str], names: tuple[str, ...], path: Path) -> None:
    lacking = missing(used)
    if lacking:
        shown = ", ".join(name[:40] for name in names[:20] if name)
        raise ExamplesFileError(
            f"{path.name} has no column for the {lacking[0]}.",
            reason=f"Its first row is taken for the names of the columns: {shown}.",
            hint="Name the columns instruction, input and output in the first row.",
        )
    check_twice(used, names, path)
