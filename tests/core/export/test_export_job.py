"""An export's frame without a model: its turn on the machine, its ending, what stands in the way."""

import ast
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from core import paths
from core.base_models.facts import ModelFacts
from core.child import Stopped
from core.errors import ModelError, UserError
from core.export import adapter, job, merged
from core.export.adapter_config import AdapterConfig
from core.export.form import Facts
from core.export.job import Export, ExportResult, Progress, export
from core.export.problems import in_words
from core.export.source import Source
from core.export.words import base_in_command, base_in_python, quoted
from core.recipe.schema import ModelSettings
from core.runs import heavy
from core.runs.heavy import Holder, MachineBusy

FOUND = {"verified": True, "max_logit_difference": 0.0, "greedy_equal": True, "tolerance": 0.1}


class FakeChild:
    """Writes one file, and finds it good; ``findings`` says otherwise."""

    findings: dict[str, Any] = FOUND
    jobs: ClassVar[list[str]] = []

    def __init__(self, _module: str, request: dict[str, Any], **_: object) -> None:
        self.request = request

    def messages(self) -> Iterator[dict[str, Any]]:
        """As ``core.worker.exporting`` tells."""
        FakeChild.jobs.append(self.request["job"])
        aside = Path(self.request["aside"])
        if self.request["job"] == "write":
            (aside / "made").mkdir()
            (aside / "made" / "README.md").write_text("Hello", encoding="utf-8")
            yield {"progress": ["Copying the files", 0.5]}
            yield {"found": {"findings": {}, "files": ["README.md"]}}
        else:
            yield {"progress": ["Comparing", 1.0]}
            yield {"found": {"findings": self.findings}}

    def stop(self) -> None:
        """Nothing runs."""


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeChild.jobs = []
    FakeChild.findings = FOUND
    starter = paths.starter_model()
    facts = Facts(AdapterConfig(8, 16, ("q_proj",)), ModelFacts.read(starter), ModelSettings(), 1000, starter)
    monkeypatch.setattr(job, "Child", FakeChild)
    monkeypatch.setattr(job.Facts, "read", classmethod(lambda _cls, _source: facts))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "adapter", ModelSettings(), "Letters")


def busy(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else has the machine when it is asked for the second time, and so often."""
    asked = []

    @contextmanager
    def starting(_run: object) -> Iterator[object]:
        asked.append(1)
        if 2 <= len(asked) < 2 + times:
            raise MachineBusy(Holder("/p/runs/0001-letters", 1, 1.0, "here", ("all",)))
        yield lambda _pid: None

    monkeypatch.setattr(heavy, "starting", starting)
    monkeypatch.setattr(job, "_LOOK_AGAIN", 0.0)


def test_it_is_written_checked_and_put_in_place(source: Source, tmp_path: Path) -> None:
    told: list[Progress] = []
    result = export(source, "adapter", tmp_path / "out" / "letters", progress=told.append)
    assert FakeChild.jobs == ["write", "check"]
    assert result.files == ("README.md", "verify.json")
    assert [now.share for now in told] == sorted(now.share for now in told)
    assert json.loads(result.record.read_text(encoding="utf-8"))["verified"] is True
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "letters"]


def test_what_is_not_what_was_trained_is_an_error_that_leaves_nothing(source: Source, tmp_path: Path) -> None:
    FakeChild.findings = {**FOUND, "verified": False, "max_logit_difference": 3.0}
    with pytest.raises(ModelError, match="not what was trained") as caught:
        export(source, "merged", tmp_path / "out" / "letters")
    assert "3" in caught.value.reason
    assert not list((tmp_path / "out").iterdir())


def test_while_a_run_is_being_trained_it_does_not_begin(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def starting(_run: object) -> Iterator[object]:
        raise MachineBusy(Holder("/p/runs/0001-letters", 1, 1.0, "here", ("all",)))
        yield

    monkeypatch.setattr(heavy, "starting", starting)
    with pytest.raises(UserError, match="being trained on this machine") as caught:
        export(source, "adapter", tmp_path / "out" / "letters")
    assert "pause" in caught.value.hint
    assert not list((tmp_path / "out").iterdir())


def test_a_run_that_slips_in_between_is_waited_for(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(3, monkeypatch)
    told: list[Progress] = []
    assert export(source, "adapter", tmp_path / "letters", progress=told.append).verified
    assert sum(now.words.startswith("Waiting for Run 1 · Letters") for now in told) == 3


def test_waiting_can_be_ended(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(10**9, monkeypatch)
    work = Export(source, "adapter", tmp_path / "out" / "letters")
    messages = work.messages()
    told = next(now for now in messages if isinstance(now, Progress) and now.words.startswith("Waiting"))
    assert told.share > 0.5
    threading.Thread(target=work.stop).start()
    with pytest.raises(Stopped):
        list(messages)
    assert not list((tmp_path / "out").iterdir())


def test_an_export_holds_the_machine_under_its_name(tmp_path: Path) -> None:
    holder = Holder(str(tmp_path / f".my.letters.0123abcd{heavy.EXPORT_ENDING}"), 1, 1.0, "here", ("all",))
    assert holder.is_export
    assert holder.words == "the export my.letters"
    assert MachineBusy(holder).title == "An export is being made on this machine."


def test_the_rest_of_the_time_is_told_after_a_while(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(job.time, "monotonic", lambda: now[0])
    work = Export(source, "adapter", tmp_path / "letters")
    assert work._progress("Copying", 0.25).seconds_left is None
    now[0] += 10
    assert work._progress("Copying", 0.25).seconds_left == pytest.approx(30)


def test_a_choice_that_there_is_not_is_refused(source: Source, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="it can be better, as-trained, original"):
        export(source, "merged", tmp_path / "letters", chosen={"into": "soup"})
    assert isinstance(export(source, "merged", tmp_path / "letters", chosen={"into": "original"}), ExportResult)


def test_what_stops_an_export_is_said_in_words(tmp_path: Path) -> None:
    full = in_words(OSError(28, "No space left on device", "/somewhere/model.safetensors"), tmp_path)
    assert full.reason == "No space left on device (/somewhere/model.safetensors)."
    assert in_words(MemoryError(), tmp_path).title == "The memory is full."
    other = in_words(RuntimeError("odd\nand long"), tmp_path)
    assert other.reason == "RuntimeError: odd"
    assert "RuntimeError" in other.details
    assert in_words(full, tmp_path) is full


def test_commands_name_a_base_model_that_the_hub_knows_by_its_id_and_others_by_their_place(
    tmp_path: Path,
) -> None:
    snapshot = tmp_path / "models--somebody--small" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    assert base_in_command(str(snapshot), snapshot) == "somebody/small"
    assert base_in_command("starter", paths.starter_model()) == quoted(paths.starter_model())
    assert base_in_command(str(tmp_path), tmp_path) == quoted(tmp_path)
    steps = " ".join(step.command for step in adapter.FORM.next_steps(tmp_path / "letters", job.Facts.read(None)))
    assert f"vllm serve {quoted(paths.starter_model())} --enable-lora" in steps
    assert f"AutoModelForCausalLM.from_pretrained({base_in_python('starter', paths.starter_model())})" in steps


@pytest.mark.parametrize("name", ["letters", "with 'quotes' and spaces", 'with "double" ones \u00e4'])
def test_python_that_is_copied_is_whole(tmp_path: Path, name: str) -> None:
    facts = job.Facts.read(None)
    for form in (adapter.FORM, merged.FORM):
        code = next(step.command for step in form.next_steps(tmp_path / name, facts) if "Python" in step.words)
        tree = ast.parse(code)
        known = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        made = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert used <= known | made
        paths_named = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert (tmp_path / name).as_posix() in paths_named
