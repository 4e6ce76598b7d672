"""The widgets of the comparison, each with plain words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.answer_block import AnswerWords, BlockWords
from app.widgets.answers_list import AT_ONCE, AnswersList
from app.widgets.blind_test import BallotWords, BlindTest
from app.widgets.comparison_dialog import MOST_ADAPTERS, AdapterChoice, ComparisonDialog, ComparisonWish
from app.widgets.comparison_head import ComparisonHead
from app.widgets.forgetting_meter import Forgetting, ForgettingMeter
from app.widgets.hard_rows_list import FIRST, HardGroupWords, HardRowsList, HardRowWords
from app.widgets.score_table import Column, Figure, ScoreRow, ScoreTable
from app.widgets.style_rule_field import PATTERN, WORDS, StyleRuleField
from app.widgets.verdict_card import NextWords, VerdictCard, VerdictWords
from app.widgets.work_bar import WorkBar


def test_the_verdict_card_says_what_it_is_told_as_plain_text(qtbot: QtBot) -> None:
    card = VerdictCard()
    qtbot.addWidget(card)
    steps = [NextWords("vote", "Vote", "It tells more.", "Vote blind"), NextWords("keep", "Keep it", "It is good.")]
    card.show_words(VerdictWords("good", "It <b>won</b>.", ["One.", "Two."], steps))
    assert card.sentence == "It <b>won</b>."
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in card.findChildren(QLabel) if label.text())
    assert list(card.buttons) == ["vote"]
    with qtbot.waitSignal(card.next_wanted) as told:
        card.buttons["vote"].click()
    assert told.args == ["vote"]
    assert card.accessibleName() == "Verdict: It <b>won</b>."


def test_the_score_table_says_which_figure_is_best(qtbot: QtBot) -> None:
    table = ScoreTable()
    qtbot.addWidget(table)
    rows = [
        ScoreRow("Base model", "no prompt", [Figure("21.0")]),
        ScoreRow("Run 1", "adapter", [Figure("54.0", "+10 to +40", best=True)]),
    ]
    table.show_rows([Column("chrF", "How close")], rows)
    assert table.cells == [["Base model", "21.0"], ["Run 1", "54.0\n+10 to +40"]]
    said = [child.accessibleName() for child in table.children() if getattr(child, "accessibleName", None)]
    assert "Run 1, chrF: 54.0 +10 to +40 (best)" in said


def test_minor_columns_give_way_where_there_is_little_room(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(900, 200)
    table = ScoreTable(page)
    columns = [
        Column("chrF", ""),
        Column("ROUGE-L", "", minor=True),
        Column("Loss", ""),
        Column("Time", "", minor=True),
    ]
    figures = [Figure("54.0", "+10.0 … +40.0") for _ in columns]
    table.resize(900, 200)
    table.show_rows(columns, [ScoreRow("Run 1", "adapter", figures)])
    page.show()

    def titles() -> list[str]:
        known = [column.title for column in columns]
        return [label.text() for label in table.findChildren(QLabel) if label.isVisible() and label.text() in known]

    seen: list[list[str]] = []
    for width in (*range(900, 130, -10), 900):
        table.resize(width, 200)
        if not seen or titles() != seen[-1]:
            seen.append(titles())
    everything = ["chrF", "ROUGE-L", "Loss", "Time"]
    assert seen == [everything, everything[:3], ["chrF", "Loss"], everything]
    assert table.minimumSizeHint().width() < 150


def test_answers_are_marked_and_more_are_shown_when_asked_for(qtbot: QtBot) -> None:
    answers = AnswersList({"": "In order", "best": "Best first"})
    qtbot.addWidget(answers)
    words = [
        BlockWords(id, f"Example {id}", "ask", "red and blue", [AnswerWords("Run 1", "red and green", "chrF 50")])
        for id in range(1, 26)
    ]
    answers.set_blocks(words)
    qtbot.waitUntil(lambda: len(answers.blocks) == AT_ONCE)
    assert answers.blocks[0].texts[1].marked == ["green"]
    answers.more.click()
    qtbot.waitUntil(lambda: len(answers.blocks) == 2 * AT_ONCE and answers.more.text().endswith("of 5"))
    assert answers.more.text() == "Show 5 more of 5"
    kept = answers.blocks[0]
    words[1] = BlockWords(2, "Example 2", "ask", "red", [AnswerWords("Run 1", None)])
    answers.set_blocks(words)
    assert answers.blocks[0] is kept
    assert answers.blocks[1].texts[1].text == "No answer yet."
    with qtbot.waitSignal(answers.open_wanted) as told:
        kept.open.click()
    assert told.args == [1]
    with qtbot.waitSignal(answers.order_changed) as order:
        answers.order.setCurrentIndex(1)
    assert order.args == ["best"]
    assert len(answers.blocks) == 2 * AT_ONCE


def test_the_keys_of_the_blind_test(qtbot: QtBot) -> None:
    test = BlindTest()
    qtbot.addWidget(test)
    test.show()
    told: list[str] = []
    test.chosen.connect(told.append)
    test.show_offer("Which?", "Two answers.", "Start")
    qtbot.keyClick(test, Qt.Key.Key_1)
    assert told == []
    test.show_ballot(BallotWords(2, 10, "ask", "left text", "", "expected", chosen="right"))
    test.first.setFocus()
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_0):
        qtbot.keyClick(test, key)
    assert told == ["left", "right", "tie"]
    with qtbot.waitSignal(test.back_wanted):
        qtbot.keyClick(test, Qt.Key.Key_Backspace)
    assert test.right_text.placeholderText() == "(nothing)"
    assert not test.second.icon().isNull()
    assert test.first.icon().isNull()
    assert test.expected.isHidden()
    test.expect.click()
    assert test.expected.isVisible()
    test.show_result("You voted", ["a: 3"], more="", can_export=False)
    assert test.more.isHidden()
    assert not test.export.isEnabled()


def test_hard_rows_lead_to_their_examples(qtbot: QtBot) -> None:
    rows = HardRowsList()
    qtbot.addWidget(rows)
    group = HardGroupWords(
        "worst", "Worst", "The loss is highest.", [HardRowWords((id, 9), f"<i>{id}</i>", "Loss 4.") for id in range(8)]
    )
    rows.show_groups([group])
    shown = rows.groups["worst"]
    assert len(shown.rows) == FIRST
    shown.more.click()
    assert len(shown.rows) == 8
    with qtbot.waitSignal(rows.show_wanted) as told:
        shown.show_all.click()
    assert told.args == [[0, 9, 1, 2, 3, 4, 5, 6, 7], "Worst"]
    rows.show_groups([])
    assert rows.groups == {}


def test_the_style_rule_is_told_once_and_says_what_is_wrong(qtbot: QtBot) -> None:
    field = StyleRuleField()
    qtbot.addWidget(field)
    told: list[tuple[str, str]] = []
    field.rule_changed.connect(lambda kind, text: told.append((kind, text)))
    field.text.setText("Ahoy")
    field.text.editingFinished.emit()
    field.text.editingFinished.emit()
    field.kind.setCurrentIndex(1)
    assert told == [(WORDS, "Ahoy"), (PATTERN, "Ahoy")]
    field.set_problem("That is no pattern.")
    assert field.problem == "That is no pattern."
    field.set_rule(PATTERN, "^A")
    assert (field.problem, field.rule, len(told)) == ("", (PATTERN, "^A"), 2)


def test_the_meter_says_its_figures(qtbot: QtBot) -> None:
    meter = ForgettingMeter()
    qtbot.addWidget(meter)
    meter.show_rows([Forgetting("Base model", 2.0), Forgetting("Run 1", 3.0, "+50 %: it forgot", True)])
    assert meter.accessibleName() == "Loss on neutral text: Base model: 2.000; Run 1: 3.000 +50 %: it forgot"
    assert meter.sizeHint().height() > 60
    meter.grab()


def test_the_work_bar_says_how_far_it_is(qtbot: QtBot) -> None:
    bar = WorkBar("Stop")
    qtbot.addWidget(bar)
    assert bar.isHidden()
    bar.tell("Writing", 0.5, 65)
    assert (bar.words, bar.isHidden()) == ("Writing, 1 min 5 s left", False)
    with qtbot.waitSignal(bar.stopped):
        bar.stop.click()
    bar.finish()
    assert bar.isHidden()


def test_the_head_offers_adapters_only_where_there_are_several(qtbot: QtBot) -> None:
    head = ComparisonHead()
    qtbot.addWidget(head)
    head.set_past([("0002", "Second"), ("0001", "First")])
    head.set_chosen("0001")
    assert head.past.currentText() == "First"
    head.set_adapters({"a": "Run 1"}, "a")
    assert head.adapter.isHidden()
    head.set_adapters({"a": "Run 1", "b": "Run 2"}, "b")
    assert not head.adapter.isHidden()
    assert head.adapter.currentText() == "Run 2"
    head.set_amounts(answers=20, hard=0)
    assert head.parts.button("answers").text() == "Answers (20)"


def _dialog(qtbot: QtBot, chosen: list[str], *, amount: int = 2) -> ComparisonDialog:
    choices = [AdapterChoice(f"000{n}", f"Run {n}", "starter") for n in range(1, amount + 1)]
    choices.append(AdapterChoice("0001@10", "Run 1 at step 10", "checkpoint", is_checkpoint=True))
    dialog = ComparisonDialog(choices, chosen, system="Be kind.", shots=3, most_shots=8, answered=50)
    qtbot.addWidget(dialog)
    return dialog


def test_what_is_compared_is_what_was_chosen(qtbot: QtBot) -> None:
    dialog = _dialog(qtbot, ["0002"])
    assert dialog.list.item(2).isHidden()
    dialog.checkpoints.click()
    dialog.list.item(2).setCheckState(Qt.CheckState.Checked)
    dialog.answered.setValue(20)
    dialog.hard_rows.click()
    with qtbot.waitSignal(dialog.wanted) as told:
        dialog.button.click()
    assert told.args == [ComparisonWish(("0002", "0001@10"), "Be kind.", 3, True, 20, False)]


def test_the_dialog_says_why_nothing_can_be_compared(qtbot: QtBot) -> None:
    dialog = _dialog(qtbot, [])
    assert dialog.note == "Without an adapter this tries your prompt alone."
    assert dialog.button.isEnabled()
    dialog.prompt.click()
    assert dialog.note == "Choose an adapter, or your best prompt."
    assert not dialog.button.isEnabled()
    assert not dialog.system.isEnabled()


def test_too_many_adapters_do_not_fit(qtbot: QtBot) -> None:
    dialog = _dialog(qtbot, [f"000{n}" for n in range(1, MOST_ADAPTERS + 2)], amount=MOST_ADAPTERS + 1)
    assert not dialog.button.isEnabled()
    assert "fit beside each other" in dialog.note
