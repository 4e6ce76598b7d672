from __future__ import annotations

from collections.abc import Callable

from core.dataset import review
from core.dataset.example import Example, Status
from core.dataset.review import Report
from core.project import Project

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
    review.ignore(project.path, project.store, group.findings[:1])
    report = run(project)
    assert (report.groups[0].examples, report.ignored) == ((2,), 1)
    project.store.update(1, output="x  ")
    assert run(project).groups[0].examples == (1, 2)
    project.store.undo()
    review.restore_ignored(project.path)
    assert run(project).groups[0].examples == (1, 2)


def test_a_damaged_cache_is_made_anew(project: Project, run: Run) -> None:
    project.store.add([Example("a", output="x ")])
    first = run(project)
    for junk in (b"no database", (project.path / ".review-cache").read_bytes()[:5000]):
        (project.path / ".review-cache").write_bytes(junk)
        assert run(project) == first
