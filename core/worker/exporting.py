"""The process that makes an export (job "write"), and the fresh one that loads it again and compares (job "check")."""

from __future__ import annotations

import faulthandler
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from core.child import Message, serve
from core.export import archive, sums
from core.export.problems import in_words
from core.export.source import Source
from core.export.work import REFERENCE_FILE, Work
from core.files import sync_file, sync_folder
from core.worker.imports import import_lean
from core.worker.launched import Place, see_one_gpu

CARD_FILE = "README.md"


class FormModule(Protocol):
    """What makes and checks one form of export."""

    def write(self, work: Work) -> dict[str, Any]:
        """Fill ``work.folder`` and ``work.reference``; returns what the record shall say of it."""

    def check(self, work: Work) -> dict[str, Any]:
        """Load what was made with its own kind of reader, and compare.

        Returns:
            At least ``verified``, ``max_logit_difference``, ``greedy_equal`` and ``tolerance``; with ``problem``, a
            sentence, where it is something else than the logits that is wrong.
        """


def do(request: Message, tell: Callable[[Message], None]) -> None:
    """One job: tells ``{"progress": [words, share]}`` now and then, and ``{"found": ...}`` last."""
    aside = Path(request["aside"])
    work = Work(
        source=Source.from_json(request["source"]),
        chosen=request["chosen"],
        folder=aside / "made",
        reference=aside / REFERENCE_FILE,
        say=lambda words, share: tell({"progress": [words, share]}),
        written=request.get("written", {}).get("findings", {}),
    )
    work.tell("Starting", 0.0)
    module = form_module(request["form"])
    if request["job"] == "write":
        work.folder.mkdir()
        findings = module.write(work)
        files = _finish(work)
        if request["inside"]:
            archive.pack([work.folder / name for name in files], aside / "made.zip", inside=request["inside"])
            sync_file(aside / "made.zip")
        tell({"found": {"findings": findings, "files": files}})
        return
    if request["inside"]:
        size = sum(path.stat().st_size for path in work.folder.iterdir())
        work.folder = archive.unpack(aside / "made.zip", aside / "unpacked", most_bytes=size)[0].parent
    hashes = sums.check(work.folder)
    tell({"found": {"findings": {**module.check(work), "sha256": hashes}}})


def form_module(form: str) -> FormModule:
    """The module of a form, imported when it is needed; the lean way of importing torch is prepared."""
    match form:
        case "adapter":  # imports torch when it is needed
            from core.worker import export_adapter

            return export_adapter
        case "merged":
            import_lean()
            from core.worker import export_merged

            return export_merged
        case "gguf":
            import_lean()
            from core.worker import export_gguf

            return export_gguf
        case "gguf-adapter":
            import_lean()
            from core.worker import export_gguf_adapter

            return export_gguf_adapter
        case "ollama":
            import_lean()
            from core.worker import export_ollama

            return export_ollama
        case "mlx":
            import_lean()
            from core.worker import export_mlx

            return export_mlx
    raise ValueError(f"there is no form {form}")


def _finish(work: Work) -> list[str]:
    """Write the hashes of the files, unless they came with them, and make all durable; returns the files' names."""
    names = sorted(path.name for path in work.folder.iterdir())
    if sums.SUMS_FILE not in names:
        hashed = [name for name in names if name != CARD_FILE]
        text = sums.dumps(work.folder, hashed, known=work.hashes)
        (work.folder / sums.SUMS_FILE).write_text(text, encoding="utf-8", newline="\n")
        names = sorted([*names, sums.SUMS_FILE])
    for name in names:
        sync_file(work.folder / name)
    sync_folder(work.folder)
    return names


def main() -> int:
    """Set up the process and do what is asked on stdin; the environment was set by whoever started it."""
    faulthandler.enable()
    see_one_gpu(Place.of(os.environ).local, os.environ)

    def work(request: Message, tell: Callable[[Message], None]) -> None:
        tell({"began": os.getpid()})
        try:
            do(request, tell)
        except Exception as error:  # whatever broke is said by the window or the command, with its traceback
            traceback.print_exc()
            raise in_words(error, Path(request["aside"]).parent) from error

    return serve(work)


if __name__ == "__main__":
    sys.exit(main())
