"""What comes from outside (names, patterns, paths) is shown as it is, never read as HTML."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.base_model_field import BaseModelField
from app.widgets.hub_finder import HubFinder
from app.widgets.style_rule_field import StyleRuleField

EVIL = "<b>bold</b><img src='file:///x'>"


def shown(widget: QWidget) -> list[QLabel]:
    return [label for label in widget.findChildren(QLabel) if EVIL in label.text()]


def test_a_pattern_in_the_words_of_its_problem(qtbot: QtBot) -> None:
    field = StyleRuleField()
    qtbot.addWidget(field)
    field.set_problem(f"Not a pattern: {EVIL}")
    assert [label.textFormat() for label in shown(field)] == [Qt.TextFormat.PlainText]


def test_what_was_searched_for(qtbot: QtBot) -> None:
    finder = HubFinder("hub")
    qtbot.addWidget(finder)
    finder.show_rows(f"0 models found for {EVIL}", [], nothing=EVIL)
    assert {label.textFormat() for label in shown(finder)} == {Qt.TextFormat.PlainText}
    assert len(shown(finder)) == 2


def test_the_folder_of_a_model_in_its_tip(qtbot: QtBot) -> None:
    field = BaseModelField("Base model")
    qtbot.addWidget(field)
    field.set_known({f"/models/{EVIL}": "Mine"})
    tips = [field.choice.itemData(place, Qt.ItemDataRole.ToolTipRole) for place in range(field.choice.count())]
    assert any("&lt;b&gt;" in str(tip) for tip in tips)
    assert not any("<b>" in str(tip) for tip in tips)
