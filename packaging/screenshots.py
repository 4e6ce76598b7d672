"""Takes the pictures in ``docs/screenshots``: every page, light and dark, of a project made and trained on the spot.

    .venv/bin/python packaging/screenshots.py [--into FOLDER] [PART ...]

Nothing in the pictures is made up: the window works on a sample project, trains the starter model, compares, answers
and exports. Takes four to six minutes on two cores. The pictures are 1280 x 800, the size the window is designed for.

To look at some parts again without training, keep the project: with ``TUNESMITH_PICTURES=FOLDER`` it is made in that
folder once and used by every later call. The parts are start, examples, training, compare, adapters, models and end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camera import HOME, ROOT, Photographer  # sets up a home folder before Qt is imported

from PySide6.QtWidgets import QApplication  # isort: skip

from core import samples  # isort: skip
from core.recipe.recipe import with_settings  # isort: skip

PLACE = HOME / "Tunesmith"
PROJECT = PLACE / "harbour-letters"
SAMPLE = samples.all_samples()[0]
PROMPT = (
    "You answer for a shop by the harbour. Every answer is a formal letter. It begins with “Dear …”, says what there "
    "is to say in one polite sentence, and ends with “Yours faithfully, the Harbour Team”."
)


class Tour(Photographer):
    """The parts of the app, one after another."""

    parts: tuple[str, ...] = ()

    def _steps(self) -> Iterator[str]:
        every = {
            "start": self._start,
            "examples": self._examples,
            "training": self._training,
            "compare": self._compare,
            "adapters": self._adapters,
            "models": self._models,
            "end": self._end,
        }
        for name, part in every.items():
            if name in (self.parts or every):
                yield from part()

    def _open(self) -> None:
        """Have the project open; it is made from the sample where it is not there yet."""
        session = self.window.session
        if session.project is not None and session.project.path == PROJECT:
            return
        if PROJECT.exists():
            session.open_soon(PROJECT)
        else:
            session.create_soon(PROJECT, name="Harbour letters", sample=SAMPLE.id)
        self.until(lambda: session.project is not None and session.project.path == PROJECT, "the sample")

    def _start(self) -> Iterator[str]:
        window, session = self.window, self.window.session
        yield "home"
        session.create_soon(PLACE / "my-letters", name="My letters")
        self.until(lambda: window.station == "examples", "the Examples page")
        yield "examples-empty"
        window.go("train")
        yield "train-first"
        session.guidance_wanted.emit()
        questions = self.window.guidance.dialog
        questions.goal.load("Answers to our customers, in the tone of our letters.")
        for question, answers in (("lacks", ("tone", "form")), ("changes", ("none",))):
            questions.fields[question].set_answer(answers)
            questions.fields[question].answered.emit(answers)
        yield "questions"
        questions.reject()

    def _examples(self) -> Iterator[str]:
        self._open()
        self.window.go("examples")
        examples = self.window.pages["examples"]
        self.until(lambda: examples.table.rowCount() > 0, "the rows")
        examples.desk.next()
        examples.desk.next()
        yield "examples"
        examples.form.tabs.setCurrentIndex(1)
        yield "examples-tokens"
        examples.form.tabs.setCurrentIndex(0)
        dialog = examples.files.import_examples(self._broken_file(SAMPLE.path))
        self.until(lambda: "Import" in dialog.button.text() and dialog.button.isEnabled(), "the rows of the file")
        yield "import"
        dialog.reject()
        views = examples.views
        views.show_view("quality")
        self.until(lambda: views.quality.report is not None, "what was found")
        yield "examples-quality"
        views.show_view("statistics")
        self.until(lambda: not views.statistics.busy, "the statistics")
        yield "examples-statistics"
        views.show_view("write")
        replace = examples.verbs.find_and_replace()
        replace.dialog.find_line.setText("customer")
        replace.dialog.by.setText("guest")
        self.until(lambda: not replace.busy and replace.dialog.button.isEnabled(), "the places")
        yield "examples-replace"
        replace.dialog.reject()
        self.window.go("settings")
        yield "settings"

    def _training(self) -> Iterator[str]:
        self._open()
        window, session = self.window, self.window.session
        if len(session.project.runs()) < 2:
            usual = session.recipe
            session.set_recipe(with_settings(usual, {"lora.rank": 4, "lora.alpha": 8, "training.epochs": 3.0}))
            self._train()
            self.until(lambda: not session.is_training, "the end of the first run")
            session.set_recipe(usual)
            self._train()
            self.until(lambda: session.training.progress.step >= 70, "seventy steps")
            yield "train-running"
            self.until(lambda: not session.is_training, "the end of the second run")
        window.go("train")
        yield "train"
        train = window.pages["train"]
        train.runs.table.set_ticks(session.project.runs()[:1])
        train.tabs.button("all").click()
        yield "train-all-runs"
        train.tabs.button("run").click()

    def _train(self) -> None:
        session = self.window.session
        self.window.start_training()
        self.until(lambda: session.training is not None and session.training.progress.state.is_active, "a run")

    def _compare(self) -> Iterator[str]:
        self._open()
        self.window.go("compare")
        self.until(lambda: self.window.station == "compare", "the Compare page")
        page = self.window.pages["compare"]
        yield from self._prompt(page.prompt)
        page.show_tab("verdict")
        yield from self._verdict(page.verdict)
        self.window.chat_with(self.window.session.project.runs()[-1].name)
        view = page.chat
        self.until(lambda: view.chat.loaded and view.chat.facts.held_out, "the held-out examples")
        view.composer.heldout.next()
        view.composer.send.click()
        self.until(lambda: view.chat.busy, "the question")
        self.until(lambda: not view.chat.busy, "the answers")
        yield "chat"

    def _prompt(self, view: Any) -> Iterator[str]:
        """The tab Prompt first."""
        self.window.try_prompt()
        self.until(lambda: view.faces.currentIndex() > 0, "the trials so far")
        panel, comparing = view.panel, view.comparing
        if view.faces.currentIndex() == 1:
            panel.system.setPlainText(PROMPT)
            panel.hand_over()
            self.until(panel.button.isEnabled, "a prompt that can be tried")
            panel.button.click()
            self.until(lambda: comparing.busy, "the trial")
            self.until(lambda: not comparing.busy, "the end of the trial")
        yield "compare-prompt"

    def _verdict(self, view: Any) -> Iterator[str]:
        """The tab Did it help?"""
        start, shows = view.start, lambda: view.shown is not None and view.shown.complete
        self.until(lambda: view.faces.currentIndex() > 0, "the comparisons so far")
        if not any(item.has_adapter for item in view._past):
            view.compare()
            self.until(lambda: start.dialog is not None, "the question what to compare")
            yield "compare-dialog"
            start.dialog.button.click()
            self.until(lambda: view.work.busy, "the comparison")
            self.until(lambda: shows() and not view.work.busy, "the whole comparison")
            view.parts.rule_changed.emit("pattern", SAMPLE.style_pattern)
        self.until(shows, "the comparison")
        yield "compare"
        for part in ("answers", "blind", "hard"):
            view.show_part(part)
            if part == "blind":
                view.parts.blind.start()
            yield f"compare-{part}"
        view.show_part("verdict")

    def _adapters(self) -> Iterator[str]:
        self._open()
        self.window.go("adapters")
        self.until(lambda: self.window.station == "adapters", "the Adapters page")
        page = self.window.pages["adapters"]
        self.until(page.card.export.isEnabled, "the chosen adapter")
        yield "adapters"
        page.export()
        self.until(lambda: page.exporting.dialog is not None, "the forms")
        dialog = page.exporting.dialog
        self._choose(dialog, "gguf")
        yield "export"
        self._choose(dialog, "merged")
        dialog.start()
        self.until(lambda: dialog.show_button.isVisible(), "the verified export")
        yield "export-done"
        dialog.reject()

    def _choose(self, dialog: Any, form: str) -> None:
        forms = dialog.forms
        ids = list(dialog._offers)
        forms.setCurrentRow(ids.index(form))
        self.until(dialog.button.isEnabled, "a free place")

    def _models(self) -> Iterator[str]:
        self._open()
        self.window.go("models")
        self.until(lambda: self.window.station == "models", "the Models page")
        page = self.window.pages["models"]
        shelf = page.shelf
        self.until(lambda: shelf.model is not None, "the models")
        merged = sorted(PROJECT.glob("exports/*-merged"))
        if merged:
            page.adding.take(merged[-1])
            self.until(lambda: shelf.model is not None and shelf.model.path == merged[-1], "the merged model")
        yield "models"
        page.show_tab("hub")
        self.until(lambda: page.hub.finder.list.count(), "the starting points")
        yield "models-hub"
        page.show_tab("here")

    def _end(self) -> Iterator[str]:
        self._open()
        self.window.open_palette()
        yield "palette"
        self._over().close()  # type: ignore[union-attr]
        self.window.go("home")
        yield "home-recent"


def main(arguments: list[str]) -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description="Takes pictures of every page, light and dark.")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "screenshots", metavar="FOLDER")
    parser.add_argument("parts", nargs="*", metavar="PART", help="all of them unless given")
    args = parser.parse_args(arguments)
    args.into.mkdir(parents=True, exist_ok=True)
    Tour.parts = tuple(args.parts)
    tour = Tour(QApplication([]), args.into)
    tour.take_all()
    tour.close()
    print(f"{tour.count} pictures in {args.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
