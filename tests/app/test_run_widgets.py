"""The parts of the Train page: head, state, small charts, answers, log, the first run."""

from __future__ import annotations

from pathlib import Path

import pytest
from form_bench import shown
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QProgressBar, QPushButton
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app import format, run_words
from app.widgets.first_run import FirstRun
from app.widgets.log_drawer import LogDrawer
from app.widgets.run_card import Remark, RunCard
from app.widgets.run_head import HeadWords, RunHead
from app.widgets.samples_view import SamplesView
from app.widgets.sparkline import Sparkline
from app.widgets.state_mark import TONES, StateMark
from core.runs import events, words
from core.runs.folder import Progress, RunFolder, State
from core.runs.record import Record


def sample(step: int, example: int, text: str) -> events.Sample:
    return events.Sample(step=step, example=example, prompt=f"q{example}\n\nmore", expected="good", text=text)


# Words of the head


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "runs")


def record_of(run: RunFolder, *told: events.Event) -> Record:
    record = Record(run)
    record.add(list(told), 0)
    return record


def started(steps: int = 100) -> events.Started:
    return events.Started(
        device="CPU",
        versions={},
        trainable_parameters=1,
        total_parameters=2,
        steps=steps,
        epochs=3,
        examples=90,
        heldout_examples=10,
        tokens=1,
        supervised_tokens=1,
    )


def step(number: int, *, at: float = 1000.0, left: float | None = None) -> events.Step:
    return events.Step(
        at=at,
        step=number,
        epoch=number / 33,
        loss=0.5,
        learning_rate=1e-4,
        grad_norm=1,
        tokens=1,
        tokens_per_second=1,
        memory_bytes=1,
        seconds_left=left,
    )


def test_a_running_run_tells_step_epoch_losses_and_the_time_left(run: RunFolder) -> None:
    record = record_of(run, started(), events.Evaluation(step=0, loss=3.0, perplexity=None), step(33, left=160))
    head = run_words.head(run, record, record.progress, None)
    assert head.name == "Run 1 · Harbour letters"
    assert head.state_words == "Training"
    assert head.detail == "Step 33 of 100  ·  epoch 1.0 of 3  ·  loss 0.500  ·  held-out 3.000"
    assert head.left == "2 min 40 s left"
    assert head.share == 0.33


def test_what_is_being_done_stands_in_the_head_before_the_first_step(run: RunFolder) -> None:
    record = record_of(run, events.Phase(name="preparing_examples", done=20, total=90))
    head = run_words.head(run, record, record.progress, None)
    assert head.detail == "Preparing the examples: 20 of 90…"
    assert head.share is None


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED, State.FAILED, State.INTERRUPTED])
def test_what_ended_before_its_time_can_go_on(run: RunFolder, state: State) -> None:
    record = record_of(run, started(), step(10))
    head = run_words.head(run, record, Progress(state=state, step=10, steps=100), None)
    assert head.can_resume
    assert head.resume_words == "Start again"  # nothing was saved
    record.add([events.Checkpoint(step=10, path="checkpoints/step-00000010")], 2)
    assert run_words.head(run, record, Progress(state=state), None).resume_words == "Resume"


def test_a_run_that_never_began_can_be_started(run: RunFolder) -> None:
    record = record_of(run)
    head = run_words.head(run, record, record.progress, None)
    assert (head.state_words, head.can_resume, head.resume_words) == ("Waiting to start", True, "Start")


def test_a_finished_run_cannot_go_on_but_has_an_adapter(run: RunFolder) -> None:
    record = record_of(
        run, started(), step(100), events.Finished(step=100, loss=0.5, heldout_loss=1, adapter="adapter", seconds=9)
    )
    head = run_words.head(run, record, record.progress, None)
    assert (head.can_resume, head.can_use, head.share) == (False, True, 1.0)
    early = events.Finished(step=60, loss=0.5, heldout_loss=1, adapter="adapter", seconds=9, early=True)
    record = record_of(run, started(), step(60), early)
    assert "ended early" in run_words.head(run, record, record.progress, None).detail


def test_an_interruption_is_as_old_as_the_last_step_not_as_an_earlier_pause(run: RunFolder) -> None:
    record = record_of(run, started(), step(10), events.Paused(at=500.0, step=10), events.Resumed(step=10), step(11))
    record.progress.state = State.INTERRUPTED
    head = run_words.head(run, record, record.progress, None)
    assert head.left == f"Interrupted {format.ago(1000.0)}"


# Head


def visible(head: RunHead) -> list[str]:
    return [button.text() for button in head.findChildren(QPushButton) if not button.isHidden()]


def test_the_head_shows_only_the_buttons_that_can_be_used(qtbot: QtBot) -> None:
    head = RunHead()
    qtbot.addWidget(head)
    base = {"name": "Run 1", "detail": ""}
    head.show_words(
        HeadWords(**base, state="running", state_words="Training", share=0.5, can_pause=True, can_stop=True)
    )
    assert visible(head) == ["Pause", "Stop"]
    head.show_words(HeadWords(**base, state="running", state_words="Stopping", share=0.5, can_force=True))
    assert visible(head) == ["End it now"]
    head.show_words(HeadWords(**base, state="stopped", state_words="Stopped", share=-1, can_resume=True, can_use=True))
    assert visible(head) == ["Resume", "Did it help?", "See the adapter"]
    assert head.findChild(QProgressBar).isHidden()
    for button, signal in (
        (head.resume, head.resume_wanted),
        (head.use, head.use_wanted),
        (head.compare, head.compare_wanted),
        (head.pause, head.pause_wanted),
    ):
        with qtbot.waitSignal(signal):
            button.click()


def test_the_bar_runs_to_and_fro_while_nobody_knows_how_far_it_is(qtbot: QtBot) -> None:
    head = RunHead()
    qtbot.addWidget(head)
    head.show_words(HeadWords(name="", state="starting", state_words="Starting", detail="", share=None))
    bar = head.findChild(QProgressBar)
    assert (bar.minimum(), bar.maximum()) == (0, 0)
    head.show_words(HeadWords(name="", state="running", state_words="Training", detail="", share=0.25))
    assert bar.value() / bar.maximum() == 0.25


def test_every_state_has_a_colour_and_a_word(qtbot: QtBot) -> None:
    mark = StateMark()
    qtbot.addWidget(mark)
    for state in State:
        assert state in TONES
        mark.set(state, words.state(state))
        assert mark.words == mark.accessibleName() == words.state(state)
    mark.show()
    assert not mark.grab().isNull()


# Small charts


def test_a_small_chart_shows_the_last_value_and_under_the_pointer_the_one_there(qtbot: QtBot) -> None:
    spark = Sparkline("Speed", lambda value: f"{value:.0f}")
    shown(qtbot, spark)
    assert spark.value == format.NOTHING
    spark.extend(list(range(1, 102)), [float(number) for number in range(1, 102)])
    assert spark.value == "101"
    QTest.mouseMove(spark, QPoint(spark.width() // 2, spark.height() // 2))
    qtbot.waitUntil(lambda: spark.value in ("50", "51", "52"))
    spark.extend([50], [7.0])  # taken up again from an earlier step
    spark.leaveEvent(QEvent(QEvent.Type.Leave))
    assert spark.value == "7"
    spark.clear()
    assert spark.value == format.NOTHING


def test_small_charts_begin_at_zero_so_that_noise_looks_small(qtbot: QtBot) -> None:
    spark = Sparkline("Memory", str)
    spark.resize(200, 84)
    qtbot.addWidget(spark)
    spark.extend(list(range(100)), [1000.0 + number % 2 for number in range(100)])
    image = spark.grab().toImage()
    middle = image.width() // 2
    column = {image.pixelColor(middle, y).name() for y in range(image.height() // 2, image.height() - 12)}
    assert len(column) == 1  # the line is at the top, under it only its fill


# Answers


@pytest.fixture
def samples(qtbot: QtBot) -> SamplesView:
    view = SamplesView()
    shown(qtbot, view)
    return view


def said(view: SamplesView) -> list[str]:
    return [block.said.text for block in view._blocks if not block.isHidden()]


def evaluated(*steps: int) -> dict[int, list[events.Sample]]:
    return {at: [sample(at, example, f"{at}/{example}") for example in (41, 42, 43)] for at in steps}


def test_answers_follow_the_newest_evaluation(samples: SamplesView) -> None:
    samples.set_samples(evaluated(0))
    assert said(samples) == ["0/41", "0/42", "0/43"]
    assert not samples.slider.isVisible()
    samples.set_samples(evaluated(0, 10))
    assert samples.step == 10
    assert said(samples)[0] == "10/41"


def test_the_slider_goes_back_and_stays_there_while_the_run_goes_on(samples: SamplesView) -> None:
    samples.set_samples(evaluated(0, 10))
    samples.slider.setValue(0)
    assert samples.step == 0
    samples.set_samples(evaluated(0, 10, 20))
    assert samples.step == 0
    assert samples._at.text() == "Before training"
    samples.slider.setValue(2)
    samples.set_samples(evaluated(0, 10, 20, 30))
    assert samples.step == 30


def test_without_answers_it_says_why(samples: SamplesView) -> None:
    samples.clear("This run has no held-out examples.")
    assert samples._empty.isVisible()
    assert samples._empty.text() == "This run has no held-out examples."
    assert samples.step is None


def test_an_empty_or_endless_answer_is_shown_as_such(samples: SamplesView) -> None:
    samples.set_samples({5: [sample(5, 1, "  "), sample(5, 2, "x" * 5000)]})
    assert said(samples)[0] == "(nothing)"
    assert len(said(samples)[1]) < 1300
    assert samples._blocks[0].prompt.text() == "q1\nmore"


def test_words_that_differ_are_marked_in_both_answers(samples: SamplesView) -> None:
    expected = "Berth four is yours on Monday."
    answers = [
        events.Sample(step=9, example=1, prompt="q", expected=expected, text="Berth two is yours today."),
        events.Sample(step=9, example=2, prompt="q", expected=expected, text=f" {expected}\n"),
        events.Sample(step=9, example=3, prompt="q", expected=expected, text="<b>no</b>"),
    ]
    samples.set_samples({9: answers})
    first, second, third = samples._blocks
    assert first.said.text == "Berth two is yours today."
    assert first.expected.text == expected
    assert first.said.marked == ["two", "today"]
    assert first.expected.marked == ["four", "on Monday"]
    assert first.said_head.text() == "The model says  ·  3 of 6 words as expected"
    assert first.said.accessibleDescription() == "Marked: two; today"
    assert second.said_head.text() == "The model says  ·  as expected"
    assert second.said.marked == []
    assert third.said.toPlainText() == "<b>no</b>"  # text is text


def test_answers_are_as_high_as_their_lines_and_let_the_wheel_through(qtbot: QtBot, samples: SamplesView) -> None:
    long = events.Sample(step=1, example=1, prompt="q", expected="a", text="many words " * 60)
    samples.set_samples({1: [long]})
    said_ = samples._blocks[0].said
    qtbot.waitUntil(lambda: said_.height() >= int(said_.document().size().height()) > 60)
    samples.resize(200, 400)
    qtbot.waitUntil(lambda: said_.height() >= int(said_.document().size().height()))
    assert not said_.verticalScrollBar().isVisible()
    place = said_.rect().center().toPointF()
    turn = QWheelEvent(
        place,
        said_.mapToGlobal(place),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    said_.wheelEvent(turn)
    assert not turn.isAccepted()


def test_who_looks_back_is_told_where_and_how_good_the_model_was(qtbot: QtBot, samples: SamplesView) -> None:
    samples.set_samples(evaluated(0, 10, 20), {0: 3.25, 10: 1.5})
    assert samples._at.text() == "Step 20"
    heard: list[int | None] = []
    samples.looked_back.connect(heard.append)
    qtbot.keyClick(samples.slider, Qt.Key.Key_Left)
    assert samples._at.text() == "Step 10  ·  held-out 1.500"
    qtbot.keyClick(samples.slider, Qt.Key.Key_Home)
    assert samples._at.text() == "Before training  ·  held-out 3.250"
    qtbot.keyClick(samples.slider, Qt.Key.Key_End)
    assert heard == [10, 0, None]


# Log


def test_the_log_is_folded_until_wanted_and_tells_when_it_is_read(qtbot: QtBot) -> None:
    log = LogDrawer()
    shown(qtbot, log)
    assert log.folded
    assert not log.shows_output
    with qtbot.waitSignal(log.opened) as heard:
        log.set_folded(False)
    assert heard.args == [True]
    log.choice.button("output").click()
    assert log.shows_output
    log.set_folded(True)
    assert not log.shows_output


def test_the_log_says_what_happened_and_leaves_points_to_the_charts(qtbot: QtBot) -> None:
    log = LogDrawer()
    qtbot.addWidget(log)
    log.add_events([started(), step(1), events.Paused(step=1)])
    lines = log.events.toPlainText().splitlines()
    assert len(lines) == 2
    assert "Paused at step 1" in lines[1]
    log.clear()
    assert log.events.toPlainText() == ""


def test_reading_the_output_is_not_disturbed_by_more_of_it(qtbot: QtBot) -> None:
    log = LogDrawer()
    shown(qtbot, log)
    log.set_folded(False)
    log.choice.button("output").click()
    log.set_output("\n".join(f"line {number}" for number in range(200)))
    bar = log.output.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(20)
    log.set_output("\n".join(f"line {number}" for number in range(300)))
    assert bar.value() == 20


# Before the first run


def test_the_first_run_is_told_in_three_steps_and_started(qtbot: QtBot) -> None:
    first = FirstRun()
    shown(qtbot, first).resize(900, 700)
    steps = tuple((f"Title {number}", "Words " * 30) for number in range(3))
    first.set_words(steps, note="", other="Look at the settings", ready=True)
    with qtbot.waitSignal(first.start_wanted):
        first.start.click()
    first.set_starting(True)
    assert not first.start.isEnabled()
    assert first.start.text() == "Preparing the run…"
    first.set_starting(False)
    assert first.start.isEnabled()
    texts = [widget._text for widget in first._steps]
    qtbot.waitUntil(lambda: all(text.height() >= text.heightForWidth(text.width()) for text in texts))  # nothing is cut


def test_what_stands_in_the_way_makes_the_other_button_the_primary_one(qtbot: QtBot) -> None:
    first = FirstRun()
    qtbot.addWidget(first)
    first.set_words((("a", "b"),) * 3, note="No example is ready yet.", other="Write examples", ready=False)
    assert not first.start.isEnabled()
    assert (first.start.property("kind"), first.other.property("kind")) == ("", "primary")
    with qtbot.waitSignal(first.other_wanted):
        first.other.click()


# The card beside the settings


def test_the_run_card_puts_problems_first_and_disables_the_button(qtbot: QtBot) -> None:
    card = RunCard()
    qtbot.addWidget(card)
    warning, problem = (
        Remark("Few steps.", "training.epochs", "Go"),
        Remark("No examples.", "examples", "Write", is_problem=True),
    )
    card.set_remarks([warning, problem])
    assert card.remarks == [problem, warning]
    assert not card.button.isEnabled()
    with qtbot.waitSignal(card.link_clicked) as heard:
        next(button for button in card.findChildren(QPushButton) if button.text() == "Write").click()
    assert heard.args == ["examples"]
    card.set_remarks([warning])
    assert card.button.isEnabled()
    card.set_remarks([])
    assert card.remarks == []


def test_the_run_card_shows_parameters_and_their_share(qtbot: QtBot) -> None:
    card = RunCard()
    qtbot.addWidget(card)
    card.set_parameters(None, 0)
    assert card.parameters.text() == format.NOTHING
    card.set_parameters(41_943_040, 8_030_261_248)
    assert card.parameters.text() == "41,943,040"
    assert card._share.text() == "0.52 % of the model's 8,030,261,248. The adapter will be about 160.0 MB."


def test_keys_move_between_the_choices_of_the_log(qtbot: QtBot) -> None:
    log = LogDrawer()
    shown(qtbot, log)
    log.set_folded(False)
    log.choice.button("events").setFocus()
    qtbot.keyClick(log.choice.button("events"), Qt.Key.Key_Right)
    assert log.choice.value == "output"
