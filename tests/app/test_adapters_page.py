"""The Adapters page: what it shows, how adapters are found again, noted, deleted, and how they leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_factory import add_adapter, trained_run
from export_fakes import FakeExport, FakeExports, offers
from foreign_adapters import foreign
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from run_factory import new_run

from app import export_offers
from app.adapter_details import AdapterDetails
from app.models.adapters_table import Column
from app.pages.adapters import AdaptersPage
from app.session import Session
from app.widgets.toast import Toast
from core.errors import ModelError
from core.export.source import Source
from core.library import entries, trash
from core.library.importing import Wish, import_adapter
from core.project import Project
from core.recipe.recipe import with_settings
from core.recipe.schema import ModelSettings, Recipe
from core.runs import notes
from core.runs.folder import RunFolder
from core.runs.notes import Notes


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "project", name="Harbour letters") as project:
        yield project


@pytest.fixture
def session(qtbot: QtBot, project: Project) -> Iterator[Session]:
    session = Session()
    session.use(project)
    yield session
    session.close()


@pytest.fixture
def page(qtbot: QtBot, session: Session) -> AdaptersPage:
    page = AdaptersPage(session)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    return page


@pytest.fixture
def runs(project: Project) -> list[RunFolder]:
    """Two adapters, the second one newer, smaller and worse."""
    small = with_settings(Recipe(), {"lora.rank": 4})
    return [
        trained_run(project.runs_folder, loss=0.25, heldout=0.5, at=1_000_000.0),
        trained_run(project.runs_folder, recipe=small, loss=0.75, heldout=1.5, at=2_000_000.0),
    ]


@pytest.fixture
def taken(project: Project, tmp_path: Path) -> str:
    """The key of an imported adapter; it is the newest of all."""
    folder = import_adapter(project.path, Wish(foreign(tmp_path / "Warm letters"), ModelSettings()))
    return f"adapters/{folder.name}"


def cells(page: AdaptersPage, column: Column) -> list[str]:
    """A column as it is sorted now."""
    model = page.list.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def shown(qtbot: QtBot, page: AdaptersPage, key: str) -> AdapterDetails:
    """Wait until an adapter is chosen and read."""

    def is_shown() -> bool:
        idle = not page._reader.busy and not page._reading_rows.busy
        return idle and page._details is not None and page._details.key == key

    qtbot.waitUntil(is_shown)
    assert page._details is not None
    return page._details


def choose(qtbot: QtBot, page: AdaptersPage, key: str) -> AdapterDetails:
    page.list.choose(key)
    return shown(qtbot, page, key)


# What it shows


def test_without_an_adapter_the_page_says_what_it_is_for(qtbot: QtBot, page: AdaptersPage) -> None:
    qtbot.waitUntil(page.empty.isVisible)
    assert page.empty.button.text() == "Train the first one"
    with qtbot.waitSignal(page.go) as asked:
        page.empty.button.click()
    assert asked.args == ["train"]


def test_a_run_without_an_adapter_is_not_listed(qtbot: QtBot, project: Project, page: AdaptersPage) -> None:
    new_run(project.runs_folder)
    page.refresh()
    qtbot.waitUntil(page.empty.isVisible)
    assert page.table.rowCount() == 0


def test_the_table_has_the_newest_first(qtbot: QtBot, runs: list[RunFolder], taken: str, page: AdaptersPage) -> None:
    shown(qtbot, page, taken)
    assert cells(page, Column.NAME) == ["Warm letters", "Run 2 · Harbour letters", "Run 1 · Harbour letters"]
    assert cells(page, Column.BASE) == ["Starter (practice model)"] * 3
    assert cells(page, Column.RANK) == ["4", "4", "16"]
    assert cells(page, Column.HELDOUT) == ["–", "1.500", "0.500"]
    assert cells(page, Column.SIZE)[1:] == ["2.9 MB", "2.9 MB"]
    assert page._summary.text().startswith("3 adapters, ")


def test_a_click_on_a_head_sorts(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1].name)
    page.list.sortByColumn(Column.HELDOUT, Qt.SortOrder.AscendingOrder)
    assert cells(page, Column.HELDOUT) == ["0.500", "1.500"]
    assert page.list.key == runs[1].name


def test_names_are_sorted_by_number_and_stars_come_first(
    qtbot: QtBot, project: Project, session: Session, page: AdaptersPage
) -> None:
    made = [trained_run(project.runs_folder, at=1_000_000.0 + number) for number in range(11)]
    notes.write(made[4], Notes(starred=True))
    session.runs_changed.emit()
    shown(qtbot, page, made[10].name)
    page.list.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
    numbers = [name.split("Run ")[1].split(" ")[0] for name in cells(page, Column.NAME)]
    assert numbers == ["5", "1", "2", "3", "4", "6", "7", "8", "9", "10", "11"]
    assert cells(page, Column.NAME)[0] == "★ Run 5 · Harbour letters"


def test_the_chosen_one_is_described(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1].name)
    choose(qtbot, page, runs[0].name)
    facts = dict(page.card.facts)
    assert facts["Base model"] == "Starter (practice model), 4-bit (NF4)"
    assert facts["Learnt from"] == "6 examples, 2 held out, 1 left out as too long"
    assert facts["Training loss"] == "0.250 after 60 steps"
    assert facts["Held-out loss"] == "0.500 (3.000 before)"
    assert facts["Settings"].startswith("Rank 16, alpha 32, all linear layers")
    assert facts["Examples"].startswith("Fingerprint ")
    assert "adapter_config.json" in facts["Files"]


def test_an_imported_one_says_where_it_came_from(qtbot: QtBot, taken: str, page: AdaptersPage) -> None:
    shown(qtbot, page, taken)
    facts = dict(page.card.facts)
    assert facts["Imported"] == "just now, from Warm letters"
    assert facts["Match"] == "It was trained on tunesmith-starter, and all its matrices fit."
    assert facts["Settings"] == "Rank 4, alpha 8, q_proj v_proj"
    assert "imported.json" not in facts["Files"]


def test_what_a_run_started_from_is_named(qtbot: QtBot, project: Project, page: AdaptersPage) -> None:
    first = trained_run(project.runs_folder)
    recipe = with_settings(Recipe(), {"lora.start_from": first.name})
    second = trained_run(project.runs_folder, recipe=recipe, at=2_000_000.0)
    page.refresh()
    choose(qtbot, page, second.name) if page.list.key else shown(qtbot, page, second.name)
    assert dict(page.card.facts)["Started from"] == "Run 1 · Harbour letters"


def test_the_selection_stays_over_changes(
    qtbot: QtBot, session: Session, project: Project, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1].name)
    choose(qtbot, page, runs[0].name)
    trained_run(project.runs_folder, at=3_000_000.0)
    session.runs_changed.emit()
    qtbot.waitUntil(lambda: page.table.rowCount() == 3)
    assert page.list.key == runs[0].name


def test_what_was_trained_while_the_page_was_away_is_chosen_on_coming_back(
    qtbot: QtBot, session: Session, project: Project, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1].name)
    choose(qtbot, page, runs[0].name)
    page.hide()
    third = trained_run(project.runs_folder, at=3_000_000.0)
    session.runs_changed.emit()
    qtbot.waitUntil(lambda: page.table.rowCount() == 3)
    assert page.list.key == runs[0].name
    page.show()
    page.enter()
    shown(qtbot, page, third.name)


def test_a_run_whose_settings_cannot_be_read_is_shown_and_nothing_is_done_with_it(
    qtbot: QtBot, project: Project, page: AdaptersPage
) -> None:
    run = trained_run(project.runs_folder)
    run.recipe_file.write_text("rank = [", encoding="utf-8")
    page.refresh()
    shown(qtbot, page, run.name)
    assert cells(page, Column.RANK) == ["–"]
    assert dict(page.card.facts)["Base model"] == "Its settings cannot be read."
    assert not any(button.isEnabled() for button in (page.card.chat, page.card.compare, page.card.export))
    assert not page.card.trash.isEnabled()


def test_an_adapter_that_appears_takes_the_place_of_the_empty_state(
    qtbot: QtBot, session: Session, project: Project, page: AdaptersPage
) -> None:
    qtbot.waitUntil(page.empty.isVisible)
    run = new_run(project.runs_folder)
    add_adapter(run)
    session.runs_changed.emit()
    shown(qtbot, page, run.name)
    assert page.list.isVisible()


# Finding one again


def test_words_a_tag_and_a_star_narrow_the_table(
    qtbot: QtBot, runs: list[RunFolder], taken: str, page: AdaptersPage
) -> None:
    notes.write(runs[0], Notes(title="Gruß aus dem Süden", tags=("warm",), starred=True))
    page.refresh()
    qtbot.waitUntil(lambda: page.filter.tag.count() == 2)
    page.filter.search.setText("GRUSS süden")
    qtbot.waitUntil(lambda: page.table.rowCount() == 1)
    assert shown(qtbot, page, runs[0].name).title == "Run 1 · Gruß aus dem Süden"
    page.filter.search.setText("nothing like it")
    qtbot.waitUntil(page.nothing.isVisible)
    assert page.card.isHidden()
    page.nothing.second_button.click()
    assert page.table.rowCount() == 3
    page.filter.tag.set_value("warm")
    page.filter.changed.emit()
    assert [row.key for row in page.table.rows()] == [runs[0].name]
    page.filter.tag.set_value("")
    page.filter.star.click()
    assert [row.key for row in page.table.rows()] == [runs[0].name]


# What is said of one


def test_notes_tags_and_a_star_are_kept_with_the_run(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1].name)
    page.card.notes.title.setText("Short")
    page.card.tags.set_tags(("letters",))
    page.card.tags.changed.emit(("letters",))
    page.card.notes.star.click()
    qtbot.waitUntil(lambda: notes.read(runs[1]) == Notes("Short", "", True, ("letters",)))
    qtbot.waitUntil(lambda: "★ Run 2 · Short" in cells(page, Column.NAME))
    qtbot.waitUntil(lambda: page.card._title.text() == "Run 2 · Short")


def test_an_imported_one_keeps_its_own(qtbot: QtBot, taken: str, page: AdaptersPage) -> None:
    details = shown(qtbot, page, taken)
    page.card.notes.title.setText("Hers")
    page.card.keep()
    qtbot.waitUntil(lambda: notes.read_from(details.folder).title == "Hers")
    qtbot.waitUntil(lambda: cells(page, Column.NAME) == ["Hers"])


def test_what_is_being_typed_stays_while_the_page_is_read_again(
    qtbot: QtBot, session: Session, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1].name)
    page.card.notes.note.setPlainText("half a wo")
    session.runs_changed.emit()
    shown(qtbot, page, runs[1].name)
    assert page.card.notes.note.toPlainText() == "half a wo"
    page.list.choose(runs[0].name)
    qtbot.waitUntil(lambda: notes.read(runs[1]).note == "half a wo")
    shown(qtbot, page, runs[0].name)
    assert page.card.notes.note.toPlainText() == ""


# What is done with one


def test_deleting_can_be_undone(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1].name)
    page.card.trash.trigger()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1)
    assert runs[1].recipe_file.exists()
    toast = page.window().findChild(Toast)
    assert toast.text == "Run 2 · Harbour letters is deleted. Its run is still there."
    toast.button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 2)
    assert (runs[1].adapter / "adapter_config.json").exists()


def test_what_was_deleted_lately_can_be_brought_back(
    qtbot: QtBot, project: Project, taken: str, page: AdaptersPage
) -> None:
    shown(qtbot, page, taken)
    assert not page.importing._removed.menuAction().isVisible()
    trash.remove(project.path, entries.find(project, taken))
    page.refresh()
    qtbot.waitUntil(lambda: page.table.rowCount() == 0)
    (act,) = page.importing._removed.actions()
    assert act.text() == "Warm letters, deleted just now"
    act.trigger()
    shown(qtbot, page, taken)
    qtbot.waitUntil(lambda: not page.importing._removed.menuAction().isVisible())


def test_chat_and_compare_lead_to_the_other_page(qtbot: QtBot, runs: list[RunFolder], page: AdaptersPage) -> None:
    shown(qtbot, page, runs[1].name)
    with qtbot.waitSignal(page.chat_wanted) as asked:
        page.card.chat.click()
    assert asked.args == [runs[1].name]
    with qtbot.waitSignal(page.compare_wanted) as asked:
        page.card.compare.click()
    assert asked.args == [runs[1].name]


def test_what_differs_from_another_is_shown(
    qtbot: QtBot, runs: list[RunFolder], taken: str, page: AdaptersPage
) -> None:
    shown(qtbot, page, taken)
    choose(qtbot, page, runs[1].name)
    page.card.difference.trigger()
    dialog = page.difference.dialog
    assert dialog is not None
    dialog.other.set_value(runs[0].name)
    dialog.wanted.emit(runs[0].name)
    qtbot.waitUntil(lambda: dialog.examples.text() == "Both were given the same examples.")
    assert dialog.settings.cells() == [["Rank", "4", "16"]]
    dialog.other.set_value(taken)
    dialog.wanted.emit(taken)
    qtbot.waitUntil(lambda: "imported adapter" in dialog.examples.text() or bool(dialog.banner.title))
    dialog.accept()
    assert page.difference.dialog is None


def test_the_examples_that_differ_can_be_shown_in_the_table(qtbot: QtBot, project: Project, page: AdaptersPage) -> None:
    first, second = trained_run(project.runs_folder), trained_run(project.runs_folder, at=2_000_000.0)
    lines = second.train_file.read_text(encoding="utf-8").replace('"Answer 2"', '"Another"')
    second.train_file.write_text(lines, encoding="utf-8")
    page.refresh()
    shown(qtbot, page, second.name)
    page.show_difference()
    dialog = page.difference.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.show_them.isVisible)
    assert dialog.examples.text() == "Examples: 1 changed, 7 the same."
    with qtbot.waitSignal(page.examples_wanted) as asked:
        dialog.show_them.click()
    ids, words = asked.args
    assert ids == [2]
    assert words == "Examples that differ between Run 2 · Harbour letters and Run 1 · Harbour letters"
    assert page.difference.dialog is None
    assert first.train_file.exists()


def test_the_palette_and_the_help_find_the_verbs_of_the_page(page: AdaptersPage) -> None:
    words = {action.text(): [key.toString() for key in action.shortcuts()] for action in page.actions()}
    assert words["Export this adapter…"] == ["Ctrl+E"]
    assert words["Rename this adapter"] == ["F2"]
    assert "Import a zip file of an adapter…" in words


def test_the_chosen_adapter_is_exported(
    qtbot: QtBot, session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained_run(project.runs_folder)
    exports, sources = FakeExports(), []
    exports.problem = ModelError("Enough for a test.")

    def make(source: Source, form: str, target: Path, chosen: dict[str, str]) -> FakeExport:
        sources.append(source.adapter)
        return exports(form, chosen, target)

    monkeypatch.setattr(export_offers, "load", lambda make_source: replace(offers(), source=make_source()))
    page = AdaptersPage(session, make_export=make)
    qtbot.addWidget(page)
    shown(qtbot, page, run.name)
    page.card.export.click()
    qtbot.waitUntil(lambda: page.exporting.dialog is not None)
    dialog = page.exporting.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.button.isEnabled)
    dialog.button.click()
    qtbot.waitUntil(lambda: dialog.banner.title == "Enough for a test.")
    assert exports.asked == [("adapter", {}, project.exports_folder / "harbour-letters-run-1")]
    assert sources == [run.adapter]
    session.close()
    assert page.exporting.dialog is None


def test_an_adapter_that_cannot_be_read_says_why(qtbot: QtBot, page: AdaptersPage, project: Project) -> None:
    run = trained_run(project.runs_folder)
    page.refresh()
    shown(qtbot, page, run.name)
    (run.adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
    page.card.export.click()
    qtbot.waitUntil(lambda: page.banner.title == "This adapter cannot be used.")
    assert page.exporting.dialog is None


def test_closing_the_project_empties_the_page(
    qtbot: QtBot, session: Session, runs: list[RunFolder], page: AdaptersPage
) -> None:
    shown(qtbot, page, runs[1].name)
    session.close()
    assert page.table.rowCount() == 0
    assert page.importing.button.isHidden()
