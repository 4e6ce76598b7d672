"""The command that compares adapters with the base model and with the best prompt, and gives the verdict."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

from core.cli import output
from core.errors import RunError
from core.evaluation import verdict_words
from core.evaluation.comparison import Comparison, ComparisonFolder, comparisons, create
from core.evaluation.gathering import Figures
from core.evaluation.job import ComparisonJob, Doing
from core.evaluation.planning import MOST_ANSWERED, plan
from core.evaluation.report import Report, report
from core.evaluation.verdict import Verdict
from core.library import entries
from core.library.entries import Adapter
from core.project import Project
from core.prompt.best import LONGEST_SYSTEM, MOST_EXAMPLES, BestPrompt

_HEAD = ("", "loss", "chrF", "ROUGE-L", "exact", "style", "neutral loss", "prompt tokens", "seconds")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="did fine-tuning beat the best prompt? the verdict",
        description="Answers held-out examples with the base model, the base model with your best prompt, and one or "
        "more adapters, measures all of them, and says whether fine-tuning helped. What was found is kept in the "
        "project; Ctrl-C stops, --resume goes on.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--run",
        action="append",
        default=[],
        metavar="RUN",
        help="a run, a checkpoint of one (3@100) or an imported adapter (adapters/NAME); may be given several times; "
        "the newest adapter unless given",
    )
    which.add_argument("--prompt-only", action="store_true", help="try the best prompt without any adapter")
    which.add_argument("--resume", metavar="NUMBER", help="go on with an earlier comparison, or show it again")
    parser.add_argument(
        "--examples",
        type=_at_least_one,
        default=MOST_ANSWERED,
        metavar="N",
        help=f"how many held-out examples are answered at most ({MOST_ANSWERED})",
    )
    parser.add_argument("--no-prompt", action="store_true", help="leave the best prompt out")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt of the best prompt, this time")
    parser.add_argument(
        "--shots", type=_shots, metavar="N", help="how many training examples the best prompt shows, this time"
    )
    output.add_json(parser)
    parser.set_defaults(handler=_compare)


def _compare(args: argparse.Namespace) -> int:
    with Project.open(args.project, read_only=True) as project:
        rule, purpose = project.style_rule, project.purpose
        folder = _earlier(project, args.resume) if args.resume else create(project.path, _planned(project, args))
    _follow(folder, args)
    found = report(folder, rule=None if rule.is_empty else rule, purpose=purpose)
    if args.json:
        output.emit(_as_json(folder, found))
    else:
        _print(found)
    return 0


def _planned(project: Project, args: argparse.Namespace) -> Comparison:
    best = project.best_prompt
    if len(args.system or "") > LONGEST_SYSTEM:
        raise output.WrongUse(f"--system has more than {LONGEST_SYSTEM:,} characters.", hint="Say it in fewer words.")
    if args.system is not None or args.shots is not None:
        best = BestPrompt(
            system=best.system if args.system is None else args.system,
            examples=best.examples if args.shots is None else args.shots,
        )
    prompt = not args.no_prompt
    if args.prompt_only and not prompt:
        raise output.WrongUse("--prompt-only and --no-prompt leave nothing to compare.")
    return plan(project, _adapters(project, args), prompt=prompt, best=best, answered=args.examples)


def _adapters(project: Project, args: argparse.Namespace) -> list[Adapter]:
    if args.prompt_only:
        return []
    if args.run:
        wanted = [entries.find(project, key) for key in args.run]
        return list({adapter.key: adapter for adapter in wanted}.values())
    newest = entries.adapters(project)[:1]
    if not newest:
        raise RunError(
            "This project has no adapter yet.",
            hint="Train first (tunesmith train PROJECT), or try the prompt alone with --prompt-only.",
        )
    return newest


def _earlier(project: Project, number: str) -> ComparisonFolder:
    known = comparisons(project.path)
    for folder in known:
        if folder.name == number or (number.isdecimal() and int(folder.name) == int(number)):
            return folder
    names = ", ".join(folder.name for folder in known[:5])
    raise RunError(
        f"There is no comparison {number}.",
        reason=f"There are: {names}." if known else "The project has none yet.",
    )


def _follow(folder: ComparisonFolder, args: argparse.Namespace) -> None:
    shows = output.ProgressLine(sys.stderr)
    job = ComparisonJob(folder)
    try:
        for doing in job.messages():
            if not args.json:
                shows.show(_progress(doing))
    except KeyboardInterrupt:
        job.stop()
        shows.clear()
        again = output.command("compare", args.project, "--resume", folder.name)
        print(f"Stopped; what was found is kept. To go on: {again}", file=sys.stderr)
        raise
    finally:
        shows.clear()


def _progress(doing: Doing) -> str:
    left = "" if doing.seconds_left is None else f", {output.duration(doing.seconds_left)} left"
    share = "" if doing.share is None else f"{output.bar(round(1000 * doing.share), 1000)} "
    return f"{share}{doing.words}{left}"


def _print(found: Report) -> None:
    titles = {system.key: system.title for system in found.results.comparison.systems}
    for key, verdict in found.verdicts.items():
        if len(found.verdicts) > 1:
            output.line(f"{titles[key]}:")
        output.line(verdict_words.sentence(verdict))
        for line in verdict_words.lines(verdict):
            output.line(f"  {line}")
        output.line()
    output.line(output.table(_HEAD, [_row(figures) for figures in found.figures]))
    for verdict in found.verdicts.values():
        advice = verdict_words.advice(verdict)
        if advice:
            output.line()
            output.line("Next:")
        for one in advice:
            output.line(f"  {one.title}. {one.reason}")
    hard = {row.examples: row for rows in found.hard.values() for row in rows}
    if hard:
        output.line()
        output.line("Worth a look:")
    for row in list(hard.values())[:10]:
        output.line(f"  {row.kind}, {', '.join(f'example {id}' for id in row.examples[:5])}: {row.reason}")
    if found.style_problem is not None:
        output.line()
        output.line(str(found.style_problem))


def _row(figures: Figures) -> list[str]:
    def said(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    return [
        figures.system.title,
        said(figures.loss, ".3f"),
        said(figures.chrf, ".1f"),
        said(figures.rouge_l, ".2f"),
        said(figures.exact, ".0%"),
        said(figures.style, ".0%"),
        said(figures.neutral, ".3f"),
        said(figures.prompt_tokens, ",.0f"),
        said(figures.seconds, ".2f"),
    ]


def _as_json(folder: ComparisonFolder, found: Report) -> dict[str, Any]:
    first = next(iter(found.verdicts.values()), None)
    return {
        "comparison": folder.name,
        "examples": first.evidence.examples if first else len(found.results.comparison.answered()),
        **(_verdict(first) if first else {"verdict": None, "difference": None, "interval": None}),
        "systems": {
            figures.system.key: {
                "title": figures.system.title,
                "loss": _finite(figures.loss),
                "perplexity": _finite(figures.perplexity),
                "chrf": _finite(figures.chrf),
                "rouge_l": _finite(figures.rouge_l),
                "exact_match": _finite(figures.exact),
                "style": _finite(figures.style),
                "length_ratio": _finite(figures.length_ratio),
                "neutral_loss": _finite(figures.neutral),
                "prompt_tokens": _finite(figures.prompt_tokens),
                "seconds": _finite(figures.seconds),
            }
            for figures in found.figures
        },
        "verdicts": {key: _verdict(verdict) for key, verdict in found.verdicts.items()},
        "hard_rows": {
            key: [{"kind": row.kind, "examples": list(row.examples), "reason": row.reason} for row in rows]
            for key, rows in found.hard.items()
        },
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    measure = verdict.measure
    gain = measure.gain if measure is not None else None
    return {
        "verdict": verdict.state.value,
        "words": verdict_words.sentence(verdict),
        "rival": verdict.evidence.rival,
        "measure": measure.name if measure is not None else None,
        "difference": _finite(gain.difference) if gain is not None else None,
        "interval": [_finite(gain.low), _finite(gain.high)] if gain is not None else None,
        "next": list(verdict.next),
    }


def _finite(value: float | None) -> float | None:
    return round(value, 6) if value is not None and math.isfinite(value) else None


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _shots(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_EXAMPLES:
        raise argparse.ArgumentTypeError(f"must be between 0 and {MOST_EXAMPLES}")
    return number
