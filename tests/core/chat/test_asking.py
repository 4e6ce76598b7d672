"""Columns as adapters on one base model: found by their keys, weighted, prompted, or refused with the reason."""

import pytest
from library_bench import checkpoint_of, import_of, run_of

from core.chat.asking import Shots, held, held_out, prepare
from core.chat.conversation import Conversation, Part
from core.dataset.example import Example, Split
from core.dataset.split import split
from core.evaluation.planning import plan
from core.evaluation.prompting import choose_shots
from core.library import entries
from core.project import Project
from core.prompt.best import BestPrompt
from core.recipe.recipe import with_settings


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "letters") as project:
        yield project


def test_columns_become_weighted_adapters(project):
    run = run_of(project, "first")
    step = checkpoint_of(run, 100)
    other = import_of(project, "friend", base=run.recipe().model.base)
    talk = (
        Conversation()
        .with_column("adapter", Part(key=run.name, weight=0.5))
        .with_column("adapter", Part(key=f"{run.name}@100"), Part(key="adapters/friend", weight=0.25))
        .sent("Hello")
    )
    project.set_recipe(run.recipe())
    asking = prepare(project, talk, 0)
    assert asking.model == held(run.recipe().model)
    first, second, third = asking.asks
    assert (first.column, first.adapters) == (1, ())
    assert second.adapters == ((run.adapter, 0.5),)
    assert third.adapters == ((step, 1.0), (other, 0.25))
    assert [ask.column for ask in prepare(project, talk, 0, [2]).asks] == [2]


def test_an_adapter_that_is_gone_or_of_another_base_is_told_and_the_others_are_asked(project):
    run = run_of(project, "first")
    import_of(project, "stranger", base="some/other-model")
    talk = (
        Conversation()
        .with_column("adapter", Part(key=run.name))
        .with_column("adapter", Part(key="adapters/stranger"))
        .with_column("adapter", Part(key="0009-gone"))
        .sent("Hello")
    )
    asking = prepare(project, talk, 0)
    assert [ask.column for ask in asking.asks] == [1, 2]
    assert "some/other-model" in asking.refused[3].reason
    assert "no adapter 0009-gone" in asking.refused[4].title
    alone = prepare(project, talk.without_column(2), 0)
    assert alone.model.base == "some/other-model", "without the other one it can answer"
    assert [ask.column for ask in alone.asks] == [1, 3]


def test_each_is_asked_with_its_own_chat_template_on_one_base_model(project):
    first = run_of(project, "first")
    changes = {"model.chat_template": "chatml", "model.base": first.recipe().model.base}
    project.set_recipe(with_settings(project.recipe, changes))
    second = run_of(project, "second")
    project.set_recipe(with_settings(project.recipe, {"model.chat_template": "zephyr"}))
    talk = (
        Conversation()
        .with_column("adapter", Part(key=first.name))
        .with_column("adapter", Part(key=second.name))
        .with_column("adapter", Part(key=first.name), Part(key=second.name))
        .sent("Hello")
    )
    asking = prepare(project, talk, 0)
    assert [ask.template for ask in asking.asks] == ["", "", "chatml"]
    assert asking.model.template == "", "the loaded base model does not depend on who is asked first"
    assert "chat templates" in asking.refused[4].reason
    alone = prepare(project, Conversation().sent("Hello"), 0)
    assert [ask.template for ask in alone.asks] == ["zephyr"], "as the settings say"


def test_the_prompt_column_has_the_best_prompt_and_training_examples(project):
    project.store.add(
        [Example(instruction=f"Question {n}", output=f"Answer {n}", split=Split.TRAIN) for n in range(5)]
        + [Example(instruction="Held out", output="Secret", split=Split.HELDOUT)]
    )
    project.set_best_prompt(BestPrompt(system="You write letters.", examples=3))
    talk = Conversation(system="Be brief.").with_column("prompt").sent("Question 2")
    base, prompted = prepare(project, talk, 0).asks
    assert base.example.history == ()
    assert prompted.example.system == "You write letters.\n\nBe brief."
    shown = [turn.content for turn in prompted.example.history]
    assert len(shown) == 6
    assert "Secret" not in shown
    assert "Question 2" not in shown, "never what is asked itself"


def test_what_the_prompt_shows_is_what_a_comparison_shows_and_follows_the_examples(project):
    project.store.add([Example(instruction=f"Question {n}", output=f"Answer {n}") for n in range(80)])
    project.set_best_prompt(BestPrompt(examples=4))
    share = project.recipe.heldout.share
    train, heldout = split(project.store.iterate(), share)
    assert heldout
    shots = Shots()
    for asked in (heldout[0], train[3], choose_shots(train, 1)[0], Example(instruction="Something else")):
        assert shots.of(project, 4, asked) == choose_shots(train, 4, asked=[*heldout, asked])
    project.store.delete([choose_shots(train, 1)[0].id])
    train, heldout = split(project.store.iterate(), share)
    assert shots.of(project, 4, heldout[0]) == choose_shots(train, 4, asked=heldout)
    assert shots.of(project, 2, heldout[0]) == choose_shots(train, 2, asked=heldout)


def test_held_out_examples_are_those_of_the_adapter_s_run(project):
    project.store.add([Example(instruction=f"Q{n}", output="A", split=Split.HELDOUT) for n in range(2)])
    project.store.add([Example(instruction="T", output="A", split=Split.TRAIN)])
    run = run_of(project, "first")
    project.store.add([Example(instruction="later", output="A", split=Split.HELDOUT)])
    talk = Conversation()
    assert {one.instruction for one in held_out(project, talk)} == {"Q0", "Q1", "later"}
    own = held_out(project, talk.with_column("adapter", Part(key=run.name)))
    assert {one.instruction for one in own} == {"Q0", "Q1"}
    gone = talk.with_column("adapter", Part(key="0009-gone"))
    assert len(held_out(project, gone)) == 3


def test_held_out_examples_have_the_numbers_of_a_comparison(project):
    project.store.add([Example(instruction=f"Q{n}", output="A", split=Split.HELDOUT) for n in range(12)])
    project.store.add([Example(instruction="T", output="A", split=Split.TRAIN)])
    run = run_of(project, "first")
    for talk, adapters in (
        (Conversation(), []),
        (Conversation().with_column("adapter", Part(key=run.name)), [entries.find(project, run.name)]),
    ):
        compared = plan(project, adapters).held_out()
        asked = [one.instruction for one in held_out(project, talk)]
        assert asked == [case.example().instruction for case in compared]
        assert asked != sorted(asked)
