"""tunesmith compare: the right comparison is begun or gone on with, and the verdict is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.cli import compare
from core.evaluation import neutral
from core.evaluation.comparison import Answered, ComparisonFolder, Measured, Neutral, Row, comparisons, dump_row
from core.evaluation.job import Doing
from core.evaluation.style import StyleRule
from core.project import Project

Cli = Callable[..., object]


class FakeJob:
    """Finds at once that the adapter says what is expected and the others do not."""

    interrupted = False
    stopped = 0

    def __init__(self, folder: ComparisonFolder) -> None:
        self.folder = folder

    def messages(self) -> Iterator[Doing]:
        yield Doing("Writing the answers: 5 of 20", 0.25, 90.0)
        if FakeJob.interrupted:
            raise KeyboardInterrupt
        said = self.folder.read()
        rows: list[Row] = []
        for system in said.systems:
            good = system.kind == "adapter"
            for case in said.measured_by(system):
                rows.append(Measured(example=case.id, system=system.key, loss=5.0 if good else 30.0, targets=10))
            if system.kind != "prompt" and said.neutral:
                rows += [Neutral(system=system.key, text=name, loss=20.0, targets=10) for name in neutral.texts()]
            for case in said.answered():
                text = case.example().output if good else "No idea, sorry, none"
                rows.append(
                    Answered(example=case.id, system=system.key, text=text, tokens=3, prompt_tokens=9, end="end")
                )
        self.folder.rows_file.write_bytes(b"".join(map(dump_row, rows)))

    def stop(self) -> None:
        FakeJob.stopped += 1


@pytest.fixture(autouse=True)
def fake_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "ComparisonJob", FakeJob)
    monkeypatch.setattr(FakeJob, "interrupted", False)
    monkeypatch.setattr(FakeJob, "stopped", 0)


@pytest.fixture
def trained(project: Path) -> Path:
    with Project.open(project) as opened:
        run = opened.create_run(name="harbour")
        run.adapter.mkdir()
        (run.adapter / "adapter_config.json").write_text("{}", encoding="utf-8")
        (run.adapter / "adapter_model.safetensors").write_bytes(b"weights")
    return project


def test_the_verdict_for_people(cli: Cli, trained: Path) -> None:
    with Project.open(trained) as project:
        project.set_style_rule(StyleRule(text="^Answer"))
    code, out, err = cli("compare", trained, "--examples", 10)
    assert code == 0, err
    assert "Fine-tuning beat your best prompt, on 10 held-out examples." in out
    assert "Base model with the best prompt" in out
    assert "100%" in out
    assert "1 min 30 s left" in err


def test_the_verdict_for_machines(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("compare", trained, "--run", 1, "--run", "0001-harbour", "--shots", 2, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["verdict"] == "clear_win"
    assert found["examples"] == 10
    low, high = found["interval"]
    assert 0 < low <= found["difference"] <= high
    assert list(found["systems"]) == ["base", "prompt", "0001-harbour"]
    assert (
        found["systems"]["0001-harbour"] | {"loss": 0.5, "chrf": 100.0, "exact_match": 1.0}
        == found["systems"]["0001-harbour"]
    )
    (folder,) = comparisons(trained)
    assert found["comparison"] == folder.name == "0001"
    assert len(folder.read().system("prompt").shots) == 2


def test_the_prompt_alone_has_no_verdict(cli: Cli, project: Path) -> None:
    code, out, _ = cli("compare", project, "--prompt-only", "--system", "Be brief.", "--shots", 0, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["verdict"] is None
    assert list(found["systems"]) == ["base", "prompt"]
    prompt = comparisons(project)[0].read().system("prompt").prompt
    assert prompt is not None
    assert (prompt.system, prompt.examples) == ("Be brief.", 0)
    with Project.open(project, read_only=True) as opened:
        assert opened.best_prompt.system == "", "it was for this time"


def test_interrupted_it_says_how_to_go_on(cli: Cli, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeJob, "interrupted", True)
    code, _, err = cli("compare", trained)
    assert code == 130
    assert FakeJob.stopped == 1
    assert "--resume 0001" in err
    monkeypatch.setattr(FakeJob, "interrupted", False)
    code, out, _ = cli("compare", trained, "--resume", "1")
    assert code == 0
    assert "Fine-tuning beat" in out
    assert len(comparisons(trained)) == 1


def test_wrong_use_is_said(cli: Cli, project: Path) -> None:
    code, _, err = cli("compare", project)
    assert code == 1
    assert "no adapter yet" in err
    assert "--prompt-only" in err
    code, _, err = cli("compare", project, "--resume", "7")
    assert code == 1
    assert "no comparison 7" in err
    assert cli("compare", project, "--prompt-only", "--no-prompt")[0] == 2  # type: ignore[index]
    assert cli("compare", project, "--run", "9")[0] == 1  # type: ignore[index]
    assert cli("compare", project, "--shots", "9")[0] == 2  # type: ignore[index]
    code, _, err = cli("compare", project, "--prompt-only", "--system", "x" * 20_001)
    assert code == 2
    assert "20,000 characters" in err
