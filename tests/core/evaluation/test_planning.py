"""What is compared: held-out examples that nobody was trained on, and the baseline that the adapter has to beat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.dataset.example import Example, Split
from core.dataset.split import same_prompt
from core.errors import RunError
from core.evaluation.planning import plan
from core.evaluation.prompting import BestPrompt
from core.export.sums import hash_file
from core.library import start_adapter
from core.library.entries import Adapter
from core.project import Project
from core.recipe.recipe import with_settings


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "letters") as project:
        project.store.add([Example(f"Question {number}", "", f"Answer {number}") for number in range(120)])
        yield project


def trained(project: Project, name: str, **settings: object) -> Adapter:
    recipe = with_settings(project.recipe, {key.replace("__", "."): value for key, value in settings.items()})
    run = project.create_run(name=name, recipe=recipe)
    run.adapter.mkdir()
    (run.adapter / "adapter_model.safetensors").write_bytes(name.encode())
    model = run.recipe().model
    return Adapter(key=run.name, title=name.title(), folder=run.adapter, base=model.base, model=model, run=run)


def test_an_adapter_against_the_base_model_and_the_best_prompt(project: Project) -> None:
    project.set_best_prompt(BestPrompt(system="Be brief.", examples=2))
    adapter = trained(project, "harbour")
    found = plan(project, [adapter], answered=5, train_rows=7)
    assert [system.key for system in found.systems] == ["base", "prompt", adapter.key]
    assert found.run == adapter.key
    assert found.title == "Harbour"
    assert adapter.run is not None
    heldout = {example.id for example in adapter.run.heldout_examples()}
    assert {case.id for case in found.held_out()} == heldout
    assert len(found.answered()) == 5
    train = [case for case in found.cases if case.side == "train"]
    assert len(train) == 7
    shown = found.system("prompt").shown()
    assert len(shown) == 2
    assert heldout.isdisjoint(example.id for example in shown)
    system = found.system(adapter.key)
    assert system.folder == f"runs/{adapter.key}/adapter"
    assert system.sha256 == hash_file(adapter.folder / "adapter_model.safetensors")
    again = plan(project, [adapter], answered=5, train_rows=7)
    assert again.model_copy(update={"created": 0.0}) == found.model_copy(update={"created": 0.0})


def test_the_prompt_alone_is_tried_on_what_would_be_held_out(project: Project) -> None:
    found = plan(project, [], answered=10)
    assert [system.key for system in found.systems] == ["base", "prompt"]
    assert {case.id for case in found.held_out()} == project.store.heldout(project.recipe.heldout.share)
    assert found.held_out() == found.cases
    assert not found.neutral


def test_an_empty_prompt_or_one_not_wanted_does_not_take_part(project: Project) -> None:
    adapter = trained(project, "harbour")
    assert [system.kind for system in plan(project, [adapter], prompt=False).systems] == ["base", "adapter"]
    project.set_best_prompt(BestPrompt(examples=0))
    assert [system.kind for system in plan(project, [adapter]).systems] == ["base", "adapter"]


def test_what_another_adapter_was_trained_on_is_not_asked(project: Project) -> None:
    first = trained(project, "first")
    assert first.run is not None
    moved = first.run.heldout_examples()[:4]
    project.store.update_many([example.id for example in moved], split=Split.TRAIN)
    second = trained(project, "second")
    found = plan(project, [first, second])
    asked = {same_prompt(case.example()) for case in found.held_out()}
    assert asked.isdisjoint(same_prompt(example) for example in moved)
    assert len(asked) == len(first.run.heldout_examples()) - 4
    assert second.run is not None
    second.run.train_file.write_bytes(first.run.train_file.read_bytes() + first.run.heldout_file.read_bytes())
    with pytest.raises(RunError, match="trained on by one of these"):
        plan(project, [first, second])


def test_nothing_held_out_is_said(tmp_path: Path) -> None:
    with Project.create(tmp_path / "small") as project:
        project.store.add([Example(f"Q{number}", "", "A") for number in range(8)])
        with pytest.raises(RunError, match="nothing to compare on"):
            plan(project, [])


def test_only_adapters_of_one_base_model_are_compared(project: Project) -> None:
    one, other = trained(project, "one"), trained(project, "other", model__quantization="none")
    with pytest.raises(RunError, match="different precision"):
        plan(project, [one, other])
    with pytest.raises(RunError, match=r"Starter .* Stranger to elsewhere"):
        plan(project, [one, replace(one, key="x", title="Stranger", base="elsewhere")])


def test_what_an_adapter_learnt_before_this_run_is_not_asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_adapter, "files", lambda *_args, **_named: [])  # these adapters hold no matrices
    first = trained(project, "first")
    assert first.run is not None
    learnt = list(first.run.train_examples())[:3]
    second = trained(project, "second", lora__start_from=first.key)
    project.store.update_many([example.id for example in learnt], split=Split.HELDOUT)
    third = trained(project, "third", lora__start_from=f"{second.key}@100")
    assert third.run is not None
    assert {example.id for example in learnt} <= {example.id for example in third.run.heldout_examples()}
    asked = {same_prompt(case.example()) for case in plan(project, [third]).held_out()}
    assert asked
    assert asked.isdisjoint(same_prompt(example) for example in learnt)


def test_an_imported_adapter_is_asked_with_its_own_chat_template_or_not_at_all(project: Project) -> None:
    one = trained(project, "one")
    held = one.model.model_copy(update={"quantization": "none"})
    imported = replace(one, key="adapters/hers", title="Hers", run=None, model=held)
    for pair in ([one, imported], [imported, one]):
        assert plan(project, pair).model == one.model, "it is held as it was for the one that was trained here"
    strange = replace(imported, model=held.model_copy(update={"chat_template": "chatml"}))
    with pytest.raises(RunError, match="different chat templates"):
        plan(project, [one, strange])
