"""What the Compare tab reads from disk, off the drawing thread: past comparisons, one of them with its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.errors import RunError, UserError

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, ComparisonFolder
    from core.evaluation.report import Report
    from core.evaluation.results import Work
    from core.project import Project


@dataclass(frozen=True, slots=True)
class Past:
    """A comparison that was made, or begun."""

    folder: ComparisonFolder
    comparison: Comparison

    @property
    def keys(self) -> list[str]:
        """Of the systems that take part."""
        return [system.key for system in self.comparison.systems]

    @property
    def has_adapter(self) -> bool:
        """Whether it is about more than a prompt."""
        return any(system.kind == "adapter" for system in self.comparison.systems)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is in a project."""

    past: list[Past]
    has_adapters: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A comparison as it is now. ``rule`` is the style rule's kind and text; ``problem`` is why it ended early.

    ``goal`` is what the project is for, and ``advice`` what was advised before anything was trained.
    """

    folder: ComparisonFolder
    report: Report
    work: Work
    running: bool
    problem: UserError | None
    rule: tuple[str, str]
    goal: str = ""
    advice: str = ""

    @property
    def complete(self) -> bool:
        """Whether all was done."""
        return self.work.is_complete


def find(project: Project) -> Found:
    """The comparisons, newest first; those that cannot be read are left out."""
    from core.evaluation.comparison import comparisons
    from core.library import entries

    past: list[Past] = []
    for folder in comparisons(project.path):
        try:
            past.append(Past(folder, folder.read()))
        except RunError:  # damaged, or of a newer version; it stays where it is
            continue
    return Found(past, bool(entries.adapters(project)))


def look(project: Project, folder: ComparisonFolder) -> Shown:
    """Read a comparison.

    Raises:
        RunError: it cannot be read.
    """
    from core.dataset import word_diff
    from core.evaluation import job
    from core.evaluation.report import report
    from core.guidance.advice import Way, advise

    word_diff.prepare()  # for the first answers
    rule = project.style_rule
    found = report(folder, rule=None if rule.is_empty else rule, purpose=project.purpose)
    state = job.state(found.results)
    problem = job.problem(folder) if state is job.State.FAILED else None
    running = state is job.State.RUNNING
    told = ("words", "") if rule.is_empty else (rule.kind, rule.text)  # words are easier to begin with
    purpose = project.purpose
    advised = advise(purpose)
    advice = "" if advised.way is Way.UNKNOWN else f"Advised before: {advised.title}"
    work = found.results.work()
    return Shown(folder, found, work, running, problem, told, purpose.goal.strip(), advice)


def keep_rule(project: Project, kind: str, text: str) -> None:
    """Keep another style rule for the project.

    Raises:
        ProjectError: it cannot be written.
    """
    from core.evaluation.style import StyleRule

    known: Literal["pattern", "words"] = "pattern" if kind == "pattern" else "words"
    project.set_style_rule(StyleRule(kind=known, text=text))
