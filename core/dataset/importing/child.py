"""The child process that reads JSON, JSON lines, CSV, TSV and XLSX: ``python -m core.dataset.importing.child``."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from core.child import Message, serve
from core.dataset.columns import Columns
from core.dataset.importing.opening import open_rows
from core.dataset.importing.source import Source
from core.dataset.importing.taking import Tell, take
from core.errors import UserError


def work(request: Message, tell: Tell) -> None:
    """See :class:`core.dataset.importing.reading.Reading`."""
    source = Source.from_json(request["source"])
    path = source.path or Path()
    try:
        with open_rows(path, Columns(request["mapping"]), sheet=source.sheet, header=source.header) as opened:
            take(opened, source, request, tell)
    except UserError as error:
        if source.name == path.name:
            raise
        words = [text.replace(path.name, source.name) for text in (error.title, error.reason, error.hint)]
        raise UserError(words[0], reason=words[1], hint=words[2], details=error.details) from error


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # rows come by the million and hold no cycles
    sys.exit(serve(work))
