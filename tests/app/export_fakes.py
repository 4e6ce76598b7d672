"""Exports without a model: what could be offered for an adapter of the starter model, and jobs that write nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.export_offers import Offer, Offers
from core import paths
from core.base_models.facts import ModelFacts
from core.child import Stopped
from core.errors import UserError
from core.export.adapter_config import AdapterConfig
from core.export.form import Facts, Form, Step
from core.export.forms import FORMS
from core.export.job import ExportResult, Progress
from core.export.source import Source
from core.recipe.schema import ModelSettings


def facts(**config: object) -> Facts:
    """Of an adapter of rank 32 on the starter model."""
    shape = replace(AdapterConfig(rank=32, alpha=64, target_modules=("q_proj",)), **config)  # type: ignore[arg-type]
    return Facts(shape, ModelFacts.read(paths.starter_model()), ModelSettings(), 600_000, paths.starter_model())


def offers(of: Facts | None = None, forms: tuple[Form, ...] = FORMS) -> Offers:
    """All forms, for an adapter called "Run 1 · Letters"."""
    of = of or facts()
    source = Source(Path("runs/0001-letters/adapter"), of.model, "Run 1 · Letters")
    return Offers(source, source.title, "Starter", tuple(Offer(form, of, form.refusal(of)) for form in forms))


def result(path: Path, difference: float = 0.00021, **findings: object) -> ExportResult:
    """Of an export to ``path``."""
    steps = (Step("Serve it with vLLM:", f"vllm serve {path}"), Step("Send it on."))
    record = path / "verify.json"
    return ExportResult(path, ("README.md",), True, difference, True, record, dict(findings), steps)


class FakeExports:
    """Makes jobs that tell of half the way, wait for ``may_end``, and then succeed, unless there is a ``problem``."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.may_end.set()
        self.asked: list[tuple[str, dict[str, str], Path]] = []
        self.problem: UserError | None = None
        self.stopped = threading.Event()
        self.findings: dict[str, object] = {}

    def __call__(self, form: str, chosen: dict[str, str], target: Path) -> FakeExport:
        self.asked.append((form, chosen, target))
        self.stopped.clear()
        return FakeExport(self, target)


class FakeExport:
    """One of them."""

    def __init__(self, exports: FakeExports, target: Path) -> None:
        self._exports = exports
        self._target = target
        self._stop = threading.Event()

    def messages(self) -> Iterator[Progress | ExportResult]:
        """As ``core.export.job.Export`` tells."""
        yield Progress("Merging and writing the weights", 0.6, 80.0)
        while not self._exports.may_end.wait(0.01):
            if self._stop.is_set():
                self._exports.stopped.set()
                raise Stopped
        if self._exports.problem is not None:
            raise self._exports.problem
        yield result(self._target, **self._exports.findings)

    def stop(self) -> None:
        """End it."""
        self._stop.set()
