"""The gate lists every ready example that cannot be trained, looks only at what is new, keeps other counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from core.child import Stopped
from core.dataset.example import Example, Status
from core.dataset.review import Group, Progress, Report
from core.dataset.review.rules import BY_ID
from core.dataset.statistics import StatisticsJob
from core.dataset.store import ExampleStore
from core.errors import ModelError, UserError
from core.prompt import gate_child
from core.prompt.format import Encoded, PromptFormat
from core.prompt.gate import Checked, GateJob, Offender, checked, with_offenders
from core.prompt.lengths_cache import FOLDER
from core.prompt.proof import Flaw
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe


@pytest.fixture
def store(tmp_path: Path):
    made = ExampleStore(tmp_path / "examples.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def gemma(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("bases") / "gemma"
    shutil.copytree(folders["gemma"], base)
    (base / "config.json").write_text("{}")
    return base


def check(store: ExampleStore, base: Path | str, **settings: object) -> Checked:
    changes = {"model.base": str(base)} | {f"training.{name}": value for name, value in settings.items()}
    told = list(GateJob(store.path, with_settings(Recipe(), changes)).messages())
    assert all(isinstance(message, Progress) for message in told[:-1])
    return told[-1]


def test_all_offenders_are_listed_with_cause_and_fix(store: ExampleStore, gemma: Path):
    store.add([Example("Greet", "the guest", "Ahoy"), Example("a", "", "b", "Be kind"), Example("c", "", "d", "Be")])
    store.add(
        [Example("a", "", "b", "A draft", status=Status.DRAFT), Example("e", "", "f", "x", status=Status.EXCLUDED)]
    )
    found = check(store, gemma)
    assert (found.ready, found.flawed) == (3, (2, 3))
    first = found.offenders[0]
    assert (first.id, first.flaw, first.excerpt) == (2, Flaw.REFUSED, "a")
    assert "System role not supported" in first.reason
    assert first.hint
    problem = found.problem
    assert problem is not None
    assert problem.title == "2 examples cannot be trained, so nothing was started."
    assert "Example 3: " in problem.details


def test_of_proven_examples_the_lengths_are_known(store: ExampleStore, gemma: Path, formats: dict[str, PromptFormat]):
    examples = [Example(f"Greet {i}", "", "Ahoy, " * (6 * i + 1)) for i in range(9)]
    store.add(examples)
    encoded = [formats["gemma"].encode(example) for example in examples]
    lengths = [len(one.ids) for one in encoded]
    found = check(store, gemma, max_length=sorted(lengths)[6])
    assert found.problem is None
    assert (found.longest, found.tokens) == (max(lengths), sum(lengths))
    assert found.supervised == sum(one.supervised_count for one in encoded)
    assert found.lengths == tuple(sum(1 for n in lengths if (n - 1) // 64 == bin) for bin in range(len(found.lengths)))
    assert len(found.too_long) == 2
    fitting = [(n, id) for id, n in enumerate(lengths, start=1) if id not in found.too_long]
    assert found.largest == tuple(id for _, id in sorted(fitting, key=lambda pair: (-pair[0], pair[1])))
    assert check(store, gemma, max_length=16).problem is not None  # all are longer


def test_what_was_proven_is_not_proven_again(store: ExampleStore, gemma: Path):
    store.add([Example(f"Greet {i}", "", "Ahoy") for i in range(5)] + [Example("a", "", "b", "S"), Example("draft")])
    list(StatisticsJob(store.path, base=str(gemma), share=0.1).messages())
    (kept,) = (store.path.parent / FOLDER).iterdir()
    before = kept.read_bytes()
    found = check(store, gemma)
    assert found.flawed == (6,)
    assert kept.read_bytes() == before  # the statistics had proven them
    store.update(1, output="Moin")
    assert check(store, gemma).revision != found.revision
    assert len(kept.read_bytes()) > len(before)  # and the draft's counts are still there
    store.update(6, system="")
    assert check(store, gemma).problem is None


def test_nothing_ready_is_no_offence(store: ExampleStore, gemma: Path):
    found = check(store, gemma)
    assert (found.ready, found.lengths, found.problem) == (0, (), None)


def test_without_a_model_it_says_so(store: ExampleStore, tmp_path: Path):
    with pytest.raises(UserError):
        check(store, tmp_path / "nowhere")


def test_it_can_be_stopped(store: ExampleStore, gemma: Path):
    job = GateJob(store.path, with_settings(Recipe(), {"model.base": str(gemma)}))
    job.stop()
    with pytest.raises(Stopped):
        list(job.messages())


def test_what_a_limit_stopped_is_an_offender_and_looked_at_again(
    store: ExampleStore, gemma: Path, formats: dict[str, PromptFormat], monkeypatch: pytest.MonkeyPatch
):
    """A machine that is busy for a moment must not keep an example out for good."""
    store.add([Example("slow", "", "b"), Example("quick", "", "d")])
    encode = PromptFormat.encode

    def stopped(self: PromptFormat, example: Example) -> Encoded:
        if example.instruction == "slow":
            raise ModelError("The chat template of the base model was stopped.", hint="Take another copy.")
        return encode(self, example)

    told: list[dict[str, Any]] = []
    request = {"examples": str(store.path), "base": str(gemma), "template": "", "max_length": 1024}
    with monkeypatch.context() as patch:
        patch.setattr(PromptFormat, "encode", stopped)
        gate_child.work(dict(request), told.append)
    found = checked(told[-1]["checked"])
    assert found.flawed == (1,)
    assert found.offenders[0].flaw is Flaw.STOPPED
    gate_child.work(dict(request), told.append)
    assert checked(told[-1]["checked"]).flawed == ()


def test_a_review_gets_all_offenders_the_first_in_words():
    offenders = tuple(Offender(id, Flaw.CUT, "", "Cut.", "Mend.") for id in (1, 2))
    other = Group(BY_ID["missing"], (), (2, 9))
    report = with_offenders(Report((other,), 20, 1, 2), Checked(1, 20, (1, 2, 3, 4), offenders))
    first, second = report.groups
    assert (first.rule.id, first.examples, second) == ("cannot-be-trained", (1, 2, 3, 4), other)
    assert [(finding.examples, finding.message) for finding in first.findings] == [
        ((1,), "Cut. Mend."),
        ((2,), "Cut. Mend."),
        ((3, 4), "These cannot be trained either."),
    ]
    assert report.flagged == 5
    assert with_offenders(report, Checked(1, 20)) is report
