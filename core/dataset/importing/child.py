"""The child process that reads JSON, JSON lines, CSV, TSV and XLSX: ``python -m core.dataset.importing.child``."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from core.child import Message, serve
from core.dataset.columns import Columns
from core.dataset.importing.opening import open_rows
from core.dataset.importing.source import Source
from core.dataset.importing.taking import Tell, in_words, take


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.dataset.importing.reading.Reading`."""
    source = Source.from_json(request["source"])
    path = source.path or Path()
    columns = Columns(request["mapping"])
    with in_words(source), open_rows(path, columns, sheet=source.sheet, header=source.header) as opened:
        take(opened, source, request, tell)


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # rows come by the million and hold no cycles
    sys.exit(serve(work))
