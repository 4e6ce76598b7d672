"""A comparison on disk: frozen once, appended to, read again as it grows, whatever a crash left."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.dataset.example import Example
from core.errors import RunError
from core.evaluation import comparison as comparing
from core.evaluation.comparison import (
    Answered,
    Case,
    Comparison,
    ComparisonFolder,
    LeftOut,
    Measured,
    Neutral,
    System,
    dump_row,
)
from core.evaluation.prompting import BestPrompt
from core.evaluation.results import Results
from core.recipe.schema import ModelSettings

BASE = System(key="base", kind="base", title="Base model")
PROMPT = System(key="prompt", kind="prompt", title="Best prompt", prompt=BestPrompt(examples=1))
ADAPTER = System(key="0001-harbour", kind="adapter", title="Harbour", folder="runs/0001-harbour/adapter")


def make(project: Path, **changes: object) -> ComparisonFolder:
    cases = [Case(frozen=Example(f"Q{id}", "", f"A{id}", id=id).frozen()) for id in (1, 2)]
    train = [Case(frozen=Example("Q7", "", "A7", id=7).frozen(), side="train", answered=False)]
    said = {"systems": [BASE, PROMPT, ADAPTER], "cases": [*cases, *train], "max_new_tokens": 32, **changes}
    settings = ModelSettings()
    return comparing.create(project, Comparison(base=settings.base, model=settings, **said))


def append(folder: ComparisonFolder, *rows: comparing.Row) -> None:
    with open(folder.rows_file, "ab") as file:
        file.writelines(map(dump_row, rows))


def loss(example: int, system: str, loss: float | None, targets: int) -> Measured:
    return Measured(example=example, system=system, loss=loss, targets=targets)


def answer(example: int, system: str, **more: object) -> Answered:
    return Answered(example=example, system=system, text="A", tokens=2, prompt_tokens=5, end="end", **more)


def test_it_is_frozen_and_read_again(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path, title="Another")
    assert (first.name, second.name) == ("0001", "0002")
    assert comparing.comparisons(tmp_path) == [second, first]
    found = second.read()
    assert found.title == "Another"
    assert found.system("prompt").prompt == BestPrompt(examples=1)
    assert [case.example().output for case in found.held_out()] == ["A1", "A2"]
    assert [case.id for case in found.answered()] == [1, 2]
    assert [case.id for case in found.measured_by(BASE)] == [1, 2, 7]
    assert [case.id for case in found.measured_by(PROMPT)] == [1, 2]
    assert second.adapter(ADAPTER) == tmp_path / "runs/0001-harbour/adapter"
    assert second.adapter(BASE) is None


def test_a_number_is_not_given_twice(tmp_path: Path) -> None:
    make(tmp_path)
    second = make(tmp_path)
    second.file.unlink()
    second.path.rmdir()
    assert make(tmp_path).name == "0003"
    assert [folder.name for folder in comparing.comparisons(tmp_path)] == ["0003", "0001"]


def test_an_adapter_in_the_project_is_named_from_there(tmp_path: Path) -> None:
    assert comparing.relative_to(tmp_path / "p", tmp_path / "p" / "runs" / "a") == "runs/a"
    assert comparing.relative_to(tmp_path / "p", tmp_path / "other") == str((tmp_path / "other").resolve())


@pytest.mark.parametrize("wrong", [{"systems": []}, {"cases": []}, {"systems": [BASE, BASE]}])
def test_what_compares_nothing_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="comparison"):
        make(tmp_path, **wrong)


def test_damaged_or_newer_ones_say_so(tmp_path: Path) -> None:
    folder = make(tmp_path)
    whole = folder.file.read_text(encoding="utf-8")
    folder.file.write_text(whole.replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(RunError, match="newer"):
        folder.read()
    folder.file.write_text(whole[:-20], encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        folder.read()
    folder.file.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        folder.read()


def test_rows_are_read_as_they_come(tmp_path: Path) -> None:
    folder = make(tmp_path)
    results = Results(folder)
    assert results.work(["story"]).done == 0
    append(folder, loss(1, "base", 6.0, 3), answer(1, "base", seconds=2.0))
    assert [row.type for row in results.update()] == ["loss", "answer"]
    half = dump_row(loss(2, "base", 4.0, 1))
    with open(folder.rows_file, "ab") as file:
        file.write(half[:20])
    assert results.update() == []
    with open(folder.rows_file, "ab") as file:
        file.write(half[20:] + b"{nonsense}\n\n")
    assert [row.example for row in results.update() if isinstance(row, Measured)] == [2]
    assert results.unreadable == 1
    assert results.is_done(2, "base", "loss")
    assert not results.is_done(2, "base", "answer")


def test_sums_and_means(tmp_path: Path) -> None:
    folder = make(tmp_path)
    append(
        folder,
        loss(1, "base", 6.0, 3),
        loss(2, "base", 4.0, 1),
        loss(7, "base", 9.0, 3),
        loss(1, "prompt", None, 3),
        answer(1, "base", seconds=2.0),
        answer(2, "base"),
        Neutral(system="base", text="story", loss=30.0, targets=10),
        Neutral(system="base", text="letter", loss=10.0, targets=10),
    )
    results = Results(folder)
    assert results.loss("base") == 2.5
    assert results.loss("base", "train") == 3.0
    assert results.losses_by_example("base") == {1: 2.0, 2: 4.0}
    assert results.losses_by_example("prompt") == {}
    assert results.loss("prompt") is None
    assert results.neutral_loss("base") == 2.0
    assert results.neutral_loss("0001-harbour") is None
    assert results.seconds_per_answer("base") == 2.0
    assert results.prompt_tokens("base") == 5
    assert results.prompt_tokens("prompt") is None


def test_work_is_complete_when_each_was_done_or_cannot_be(tmp_path: Path) -> None:
    folder = make(tmp_path)
    results = Results(folder)
    assert results.work(["story"]).total == 3 + 2 + 3 + 2 * 3 + 2
    for system, examples in (("base", (1, 2, 7)), ("prompt", (1, 2)), ("0001-harbour", (1, 2, 7))):
        append(folder, *(loss(id, system, 1.0, 1) for id in examples))
        append(folder, answer(1, system), LeftOut(example=2, system=system, what="answer", reason="Too long."))
    append(folder, Neutral(system="base", text="story", loss=1.0, targets=1))
    results.update()
    assert not results.work(["story"]).is_complete
    append(folder, Neutral(system="0001-harbour", text="story", loss=1.0, targets=1))
    results.update()
    assert results.work(["story"]).is_complete
