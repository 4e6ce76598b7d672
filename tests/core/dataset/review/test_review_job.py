from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from planted import PLANTED, background

from core import review_child
from core.base_models.catalogue import resolve
from core.child import Message, Stopped
from core.dataset import review
from core.dataset.example import Example, Split, Status
from core.dataset.review import Progress, Report, ReviewJob, near
from core.dataset.review.looks import look
from core.dataset.review.marks import Look
from core.dataset.review.rules import BY_ID, UNTRAINABLE
from core.project import Project
from core.prompt.format import PromptFormat
from core.recipe.recipe import with_settings

Run = Callable[[Project], Report]


def test_findings_come_by_rule(project: Project, run: Run) -> None:
    project.store.add([Example("Say hi", output="Hi there "), Example("Say hi", output="Hi  there"), Example("Ask")])
    report = run(project)
    assert [(group.rule.id, group.examples) for group in report.groups] == [
        ("missing", (3,)),
        ("duplicates", (1, 2)),
        ("stray-whitespace", (1,)),
    ]
    assert (report.examples, report.flagged, report.revision) == (3, 3, project.store.revision)


def test_a_project_without_examples_has_no_findings(project: Project, run: Run) -> None:
    assert run(project) == Report((), 0, 0, 0)


def test_excluded_examples_are_not_looked_at(project: Project, run: Run) -> None:
    project.store.add([Example("Say hi", output=" Hi", status=Status.EXCLUDED)])
    assert run(project).examples == 0


def test_fixes_are_one_step_each(project: Project, run: Run) -> None:
    project.store.add([Example("a b", output=" x y"), Example("a b", output="x y"), Example("c d ", output="z\n\n")])
    before = list(project.store.iterate())
    report = run(project)
    groups = {group.rule.id: group for group in report.groups}
    assert review.fix(project.store, groups["duplicates"]).removed == (2,)
    change = review.fix(project.store, groups["stray-whitespace"])
    assert (change.label, change.changed) == ("Trim the spaces of 2 examples", (1, 3))
    assert run(project).groups == ()
    project.store.undo()
    project.store.undo()
    assert list(project.store.iterate()) == before


def test_a_copy_that_was_edited_since_is_kept(project: Project, run: Run) -> None:
    project.store.add([Example("a", output="x"), Example("a", output="x"), Example("a", output="x")])
    group = run(project).groups[0]
    project.store.update(2, output="y")
    assert review.fix(project.store, group).removed == (3,)


def test_ignored_findings_come_back_when_the_example_changes(project: Project, run: Run) -> None:
    project.store.add([Example("a", output="x "), Example("b", output="y ")])
    group = run(project).groups[0]
    keys = review.ignore(project.path, project.store, group.findings[:1])
    assert review.ignore(project.path, project.store, group.findings[:1]) == set()
    report = run(project)
    assert (report.groups[0].examples, report.ignored) == ((2,), 1)
    project.store.update(1, output="x  ")
    assert run(project).groups[0].examples == (1, 2)
    project.store.undo()
    review.ignore(project.path, project.store, group.findings[1:])
    review.restore_ignored(project.path, keys)
    report = run(project)
    assert (report.groups[0].examples, report.ignored) == ((1,), 1)
    review.restore_ignored(project.path)
    assert run(project).groups[0].examples == (1, 2)


def test_a_damaged_cache_is_made_anew(project: Project, run: Run) -> None:
    project.store.add([Example("a", output="x ")])
    first = run(project)
    for junk in (b"no database", (project.path / ".review-cache").read_bytes()[:5000]):
        (project.path / ".review-cache").write_bytes(junk)
        assert run(project) == first


def test_only_what_changed_is_looked_at_again(project: Project, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def looking(example: Example) -> Look:
        looked.append(example.instruction)
        return look(example)

    monkeypatch.setattr(review_child, "look", looking)
    project.store.add([*background(60), Example("Bye", output="Good bye ")])
    told: list[Message] = []
    review_child.work({"project": str(project.path)}, told.append)
    assert len(looked) == 61
    looked.clear()
    project.store.update(7, instruction="What is this?")
    review_child.work({"project": str(project.path)}, told.append)
    assert looked == ["What is this?"]
    reports = [message["report"]["examples"] for message in told if "report" in message]
    assert reports == [61, 61]


def test_what_was_compared_is_not_compared_again(project: Project, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project.store.add([example for case in PLANTED["near-duplicates"].positives for example in case])
    first = run(project)
    monkeypatch.setattr(near, "is_near", lambda one, other: pytest.fail("compared again"))
    told: list[Message] = []
    review_child.work({"project": str(project.path)}, told.append)
    found = [row[0] for message in told for row in message.get("findings", [])]
    assert found.count("near-duplicates") == len(first.groups[0].findings) == 6


def test_examples_that_training_leaves_out_for_their_length(project: Project, run: Run) -> None:
    project.set_recipe(with_settings(project.recipe, {"training.max_length": "64"}))
    prompt = PromptFormat.load(resolve(project.recipe.model.base))
    words = ["boat", "lamp", "gate", "mill", "barn", "rope", "sail", "oar", "net", "chest"]
    examples = [Example(f"List {n} things.", output=", ".join((words * 9)[:n])) for n in range(1, 90)]
    project.store.add(examples)
    counts = [len(prompt.encode(example).ids) for example in examples]
    group = next(group for group in run(project).groups if group.rule.id == "too-long")
    assert group.examples == tuple(n for n, count in enumerate(counts, start=1) if count > 64)
    first = next(count for count in counts if count > 64)
    assert group.findings[0].message == f"{first:,} tokens; training takes up to 64."
    project.set_recipe(with_settings(project.recipe, {"training.max_length": "80"}))
    group = next(group for group in run(project).groups if group.rule.id == "too-long")
    assert group.examples == tuple(n for n, count in enumerate(counts, start=1) if count > 80)


def test_held_out_examples_that_are_trained_on_are_moved(project: Project, run: Run) -> None:
    project.store.add(
        [
            Example("Who keeps the bees?", output="Mr Lind.", split=Split.TRAIN),
            Example("Who keeps the bees?", output="Mrs Lind.", split=Split.HELDOUT),
        ]
    )
    group = next(group for group in run(project).groups if group.rule.id == "leak")
    assert group.findings[0].examples == (2, 1)
    assert review.fix(project.store, group).label == "Assign example 2 to training"
    assert "leak" not in {group.rule.id for group in run(project).groups}


def test_letters_are_repaired(project: Project, run: Run) -> None:
    project.store.add(
        [
            Example("SchlieÃŸe die TÃ¼r.", output="Sie ist zu, heißt es."),
            Example("Is it open?", output="Yes &amp; no,\nsays the guestâ€™s brother."),
        ]
    )
    group = next(group for group in run(project).groups if group.rule.id == "broken-encoding")
    assert group.examples == (1, 2)
    change = review.fix(project.store, group)
    assert (change.label, change.changed) == ("Repair the letters of 2 examples", (1, 2))
    assert project.store.get(1).instruction == "Schließe die Tür."
    assert project.store.get(2).output == "Yes & no,\nsays the guest’s brother."
    assert "broken-encoding" not in {group.rule.id for group in run(project).groups}
    assert review.fix(project.store, group).label == ""


def test_near_duplicates_are_thinned_out(project: Project, run: Run) -> None:
    case = PLANTED["near-duplicates"].positives[2]
    draft, ready = Example(case[0].instruction, output=case[0].output, status=Status.DRAFT), case[1]
    project.store.add([draft, ready, Example("Else?", output="No.")])
    group = next(group for group in run(project).groups if group.rule.id == "near-duplicates")
    assert group.findings[0].examples == (2, 1), "what is trained is kept rather than a draft"
    assert review.fix(project.store, group).removed == (1,)


def test_a_stopped_review_ends(project: Project) -> None:
    project.store.add(background(50))
    job = ReviewJob(project.path)
    job.stop()
    with pytest.raises(Stopped):
        list(job.messages())


def test_a_rule_without_a_fix_has_none(project: Project) -> None:
    rule = next(rule for rule in review.RULES if not rule.fix)
    with pytest.raises(ValueError, match="nothing mends"):
        review.fix(project.store, review.Group(rule, (), ()))


def test_every_promised_fix_is_there(project: Project) -> None:
    for rule in review.RULES:
        if rule.fix:
            assert review.fix(project.store, review.Group(rule, (), ())).label == ""


def test_without_a_place_for_the_cache_all_is_looked_at(project: Project, run: Run) -> None:
    project.store.add([Example("a", output="x ")])
    (project.path / ".review-cache").mkdir()
    assert run(project).groups[0].rule.id == run(project).groups[0].rule.id == "stray-whitespace"


def test_two_reviews_at_once_find_the_same(project: Project, run: Run) -> None:
    project.store.add([example for planted in PLANTED.values() for case in planted.positives for example in case])
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, [project, project])
    assert one == other
    assert run(project) == one


def test_it_tells_how_far_it_is(project: Project) -> None:
    project.store.add(background(20))
    first, *_ = ReviewJob(project.path).messages()
    assert first == Progress(0, 20)


def test_what_cannot_be_trained_is_excluded_by_its_fix(project: Project) -> None:
    project.store.add([Example("a", "", "b"), Example("c", "", "d")])
    change = review.fix(project.store, review.Group(BY_ID[UNTRAINABLE], (), (2,)))
    assert change.changed == (2,)
    assert [example.status for example in project.store.iterate()] == [Status.READY, Status.EXCLUDED]
