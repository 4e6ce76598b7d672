"""The command guide: is fine-tuning right for this? Questions, advice with reasons, the project's purpose."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

from core.cli import output
from core.guidance.advice import Advice, advise
from core.guidance.purpose import LONGEST_GOAL, Purpose
from core.guidance.questions import QUESTIONS, question
from core.project import Project

_WIDTH = 100


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "guide",
        help="is fine-tuning right for this? Advice with reasons",
        description="Without answers it shows the questions. With a project, answers are kept as its purpose.",
    )
    parser.add_argument("project", type=Path, nargs="?", metavar="PROJECT")
    parser.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="QUESTION=ANSWER",
        help="for example lacks=tone,form; an empty answer takes one back; may be given several times",
    )
    parser.add_argument("--goal", metavar="TEXT", help="what the model should do, in your own words")
    output.add_json(parser)
    parser.set_defaults(handler=_guide)


def _guide(args: argparse.Namespace) -> int:
    given = [_answer(text) for text in args.answer]
    if args.goal is not None and len(args.goal) > LONGEST_GOAL:
        raise output.WrongUse("The goal is too long.", reason=f"It may have {LONGEST_GOAL:,} characters.")
    changes = bool(given or args.goal is not None)
    if args.project is None:
        purpose = _changed(Purpose(), given, args.goal)
    else:
        with Project.open(args.project, read_only=not changes) as project:
            purpose = _changed(project.purpose, given, args.goal)
            if changes:
                project.set_purpose(purpose)
    advice = advise(purpose)
    if args.json:
        output.emit(
            {
                "advice": advice.way,
                "title": advice.title,
                "reasons": advice.reasons,
                "next": advice.next,
                "cautions": advice.cautions,
                "goal": purpose.goal,
                "answers": purpose.answers,
                "open": purpose.open,
            }
        )
        return 0
    if purpose.goal:
        output.line(f"Goal: {purpose.goal}\n")
    _say_questions(purpose)
    _say_advice(advice)
    return 0


def _answer(text: str) -> tuple[str, tuple[str, ...]]:
    id, _, said = text.partition("=")
    try:
        asked = question(id.strip())
    except KeyError as error:
        names = ", ".join(item.id for item in QUESTIONS)
        raise output.WrongUse(f"There is no question {id!r}.", hint=f"The questions are {names}.") from error
    choices = tuple(part.strip() for part in said.split(",") if part.strip())
    known = [choice.id for choice in asked.choices]
    wrong = next((choice for choice in choices if choice not in known), None)
    if wrong is not None:
        raise output.WrongUse(f"{wrong!r} is no answer to {asked.id}.", hint=f"The answers are {', '.join(known)}.")
    if len(choices) > 1 and not asked.several:
        raise output.WrongUse(f"{asked.id} takes one answer.")
    return asked.id, choices


def _changed(purpose: Purpose, given: list[tuple[str, tuple[str, ...]]], goal: str | None) -> Purpose:
    for id, choices in given:
        purpose = purpose.with_answer(id, choices)
    return purpose if goal is None else Purpose(goal=goal, answers=purpose.answers)


def _say_questions(purpose: Purpose) -> None:
    for item in QUESTIONS:
        answers = purpose.answers.get(item.id, ())
        if answers:
            output.line(f"{item.title} {'; '.join(item.words(answer) for answer in answers)}.")
            continue
        output.line(f"{item.title}  (--answer {item.id}=…{', several with commas' if item.several else ''})")
        for choice in item.choices:
            output.line(f"    {choice.id:<10} {choice.words}")


def _say_advice(advice: Advice) -> None:
    output.line(f"\n{advice.title}")
    for heading, lines in (("Why", advice.reasons), ("Next", advice.next), ("Mind", advice.cautions)):
        for number, words in enumerate(lines, start=1):
            sign = f"{number}." if heading == "Next" else "-"
            first = f"\n{heading}\n" if number == 1 else ""
            output.line(first + textwrap.fill(words, _WIDTH, initial_indent=f"  {sign} ", subsequent_indent="     "))
