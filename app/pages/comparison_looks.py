"""What the Compare tab reads from disk, off the drawing thread: past comparisons, one of them with its report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from core.errors import RunError, UserError

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, ComparisonFolder
    from core.evaluation.report import Report
    from core.evaluation.results import Work
    from core.project import Project


@dataclass(frozen=True, slots=True)
class Past:
    """A comparison that was made, or begun; ``stopped`` says how far it came, where it did not come to its end."""

    folder: ComparisonFolder
    comparison: Comparison
    stopped: str = ""

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
            comparison = folder.read()
            past.append(Past(folder, comparison, _stopped(folder, comparison)))
        except RunError:  # damaged, or of a newer version; it stays where it is
            continue
    return Found(past, bool(entries.adapters(project)))


def _stopped(folder: ComparisonFolder, comparison: Comparison) -> str:
    """How far a comparison came that nobody works on; empty for one that is complete or under way."""
    try:
        status = folder.rows_file.stat()
        changed = status.st_mtime_ns, status.st_size
    except OSError:
        changed = 0, 0
    stopped = _how_far(folder, comparison.created, changed)
    return "" if stopped and folder.job.worker_is_alive() else stopped


@lru_cache(maxsize=500)
def _how_far(folder: ComparisonFolder, _created: float, _changed: tuple[int, int]) -> str:
    """Read anew only where rows have come: a project may have many comparisons."""
    from core.evaluation.results import Results

    results = Results(folder)
    if results.work().is_complete:
        return ""
    return "stopped" if results.answers else "stopped before the first answer"


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
