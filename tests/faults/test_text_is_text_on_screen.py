"""S10: what somebody wrote into an example, a tag or a file's name is shown as it is, in every view of the workshop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QModelIndex, Qt, QThreadPool
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.pages.examples import ExamplesPage
from app.preferences import Preferences
from app.session import Session
from app.widgets.plain_tip import plain_tip
from app.widgets.toast import Toast, show_toast
from app.window import Window
from core.dataset.example import Example, Turn
from core.dataset.versions import Versions
from core.project import Project

IMAGE = "<img src=file:secret.png>"
LINK = "<a href=https://example.com>click</a>"
HOSTILE = f"<b>bold</b> {IMAGE} {LINK}"
SOON = 30_000  # milliseconds: the review and the statistics start a process each
_CELLS = 200  # rows of a list that are looked at


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> Iterator[ExamplesPage]:
    """The page of the real window, on a project full of markup."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, dark=False)
    examples = [
        Example(f"{HOSTILE} {n}", HOSTILE, f"  {HOSTILE}", system=HOSTILE, tags=(IMAGE,), note=LINK) for n in range(3)
    ]
    examples.append(Example(HOSTILE, "", "", history=(Turn("user", HOSTILE), Turn("assistant", HOSTILE))))
    with Project.create(tmp_path / IMAGE, name=IMAGE) as project:
        project.store.add(examples)
        project.store.update(1, output=f"  {HOSTILE} and more")
        Versions(project.path).save(project.store, IMAGE)
        project.store.add([Example(HOSTILE, "", LINK)])
    window = Window(Session(), Preferences())
    window.show()
    window.session.open(tmp_path / IMAGE)
    qtbot.waitUntil(lambda: window.station == "examples", timeout=SOON)
    made = window.pages["examples"]
    assert isinstance(made, ExamplesPage)
    made.kept_window = window  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: made.table.rowCount() == 5 and made.desk.shown is not None, timeout=SOON)
    yield made
    window.close()
    window.deleteLater()
    assert QThreadPool.globalInstance().waitForDone(SOON)
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def read_as_markup(root: QWidget) -> list[str]:
    """What Qt would take for HTML on a widget and all it holds: texts of labels and documents, tips, cells of lists."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        where = f"{type(widget).__name__} {widget.accessibleName()!r}"
        if _is_markup(widget.toolTip()):
            found.append(f"tip of {where}: {widget.toolTip()}")
        if isinstance(widget, QLabel) and _is_read(widget):
            found.append(f"{where}: {widget.text()}")
        if isinstance(widget, QTextEdit):
            html = widget.document().toHtml()
            found += [f"{where}: {tag}" for tag in ("<img", "<a href") if tag in html]
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            found += [f"{where}: tip {tip}" for tip in _tips(widget) if _is_markup(tip)]
    return found


def _is_read(label: QLabel) -> bool:
    if label.textFormat() == Qt.TextFormat.PlainText:
        return False
    return label.textFormat() != Qt.TextFormat.AutoText or _is_markup(label.text())


def _is_markup(text: str) -> bool:
    """Whether it holds what somebody wrote, unescaped, and Qt would guess that it is HTML."""
    return any(part in text for part in (IMAGE, LINK, "<b>bold")) and GuiQt.mightBeRichText(text)


def _tips(view: QAbstractItemView) -> Iterator[str]:
    model = view.model()
    for row in range(min(model.rowCount(QModelIndex()), _CELLS)):
        column = 0
        while (index := model.index(row, column)).isValid():  # models of lists do not tell how many columns they have
            yield str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
            column += 1


def texts(root: QWidget) -> str:
    """All that labels and documents show."""
    labels = [label.text() for label in root.findChildren(QLabel)]
    return "\n".join(labels + [edit.toPlainText() for edit in root.findChildren(QTextEdit)])


def test_the_check_finds_what_it_is_for(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    bad, good, document = QLabel(HOSTILE, root), QLabel(HOSTILE, root), QTextEdit(root)
    good.setTextFormat(Qt.TextFormat.PlainText)
    good.setToolTip(plain_tip(HOSTILE))
    document.setPlainText(HOSTILE)
    assert len(read_as_markup(root)) == 1
    bad.setToolTip(HOSTILE)
    document.setHtml(HOSTILE)
    assert len(read_as_markup(root)) == 4


def test_table_form_and_toasts(qtbot: QtBot, page: ExamplesPage) -> None:
    window = page.kept_window  # type: ignore[attr-defined]
    for row in range(5):
        page.browser.list.go_to(page.table.id_at(row))
        example = page.table.example(row)
        assert example is not None
        assert page.form.fields["instruction"].editor.text() == example.instruction
        assert page.form.fields["instruction"].editor.toPlainText() == example.instruction
        assert read_as_markup(window) == []
    assert HOSTILE in page.table.index(3, 1).data() + page.table.index(3, 0).data() + page.table.index(3, 2).data()
    page.form.details.set_open(True)
    page.show_ids([1, 2], f"2 with {IMAGE}")
    show_toast(page, f"Imported {HOSTILE}.")
    assert read_as_markup(window) == []
    assert f"Imported {HOSTILE}." in "".join(texts(toast) for toast in window.findChildren(Toast))


def test_tokens_and_history(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.go_to(1)
    page.form.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: IMAGE in texts(page.form.tokens), timeout=SOON)
    page.form.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "and more" in texts(page.form.story), timeout=SOON)
    assert read_as_markup(page) == []


def test_quality_statistics_and_versions(qtbot: QtBot, page: ExamplesPage) -> None:
    def seen(id: str, there: Callable[[Any], object]) -> None:
        page.views.show_view(id)
        qtbot.waitUntil(lambda: bool(there(page.views.view(id))), timeout=SOON)
        assert read_as_markup(page) == []

    seen("quality", lambda view: view.groups and "bold" in texts(view) + "".join(_spoken(view)))
    seen("statistics", lambda view: IMAGE in "".join(_spoken(view)))
    seen("versions", lambda view: HOSTILE in texts(view) or IMAGE in "".join(_spoken(view)))


def _spoken(root: QWidget) -> Iterator[str]:
    """What is told of widgets that draw their words themselves, and what lists hold."""
    for widget in root.findChildren(QWidget):
        yield f"{widget.accessibleName()} {widget.accessibleDescription()} {widget.toolTip().replace('&lt;', '<')}"
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            for row in range(widget.model().rowCount(QModelIndex())):
                yield str(widget.model().index(row, 0).data())


def test_import_and_what_is_said_of_it_afterwards(qtbot: QtBot, page: ExamplesPage, tmp_path: Path) -> None:
    window = page.kept_window  # type: ignore[attr-defined]
    file = tmp_path / f"{IMAGE}.csv"
    file.write_text(f'instruction,output,{IMAGE}\n"{HOSTILE}","{HOSTILE}","{LINK}"\n,,\n', encoding="utf-8")
    dialog = page.files.import_examples(file)
    assert dialog is not None
    qtbot.waitUntil(dialog.button.isEnabled, timeout=SOON)
    assert read_as_markup(dialog) == []
    assert IMAGE in texts(dialog)
    assert dialog.preview.rows.cells()[0][0] == HOSTILE
    dialog.button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 6, timeout=SOON)
    undo = window.steps._actions
    qtbot.waitUntil(lambda: any(IMAGE in action.text() for action in undo.values()), timeout=SOON)
    window.go("settings")
    for offer in window.findChildren(Toast):  # the import's own offer to take it back has gone by
        offer.close()
    window.steps.undo()  # where nobody sees the examples, a toast says what was undone
    assert f"Undone: import {IMAGE}.csv" in texts(window)
    assert read_as_markup(window) == []


def test_dialogs_about_many_examples(qtbot: QtBot, page: ExamplesPage) -> None:
    page.browser.list.selectAll()
    tags = page.verbs.change_tags()
    assert tags is not None
    qtbot.waitUntil(lambda: IMAGE in tags.boxes, timeout=SOON)
    assert read_as_markup(tags) == []
    tags.reject()
    replacing = page.verbs.find_and_replace()
    assert replacing is not None
    dialog = replacing.dialog
    dialog.find_line.setText("bold")
    dialog.by.setText(IMAGE)
    qtbot.waitUntil(lambda: HOSTILE in texts(dialog) or "bold" in texts(dialog), timeout=SOON)
    assert read_as_markup(dialog) == []
    dialog.reject()
