"""The questions that decide whether fine-tuning is the right tool; form, command line and file read them from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers.

    Attributes:
        id: as it stands in project.toml.
        title: the question.
        why: what hangs on it, in a sentence.
        choices: the answers, in the order shown.
        several: whether more than one may be given.
    """

    id: str
    title: str
    why: str
    choices: tuple[Choice, ...]
    several: bool = False

    def words(self, id: str) -> str:
        """The words of an answer."""
        return next((choice.words for choice in self.choices if choice.id == id), id)


QUESTIONS = (
    Question(
        "lacks",
        "What is missing today?",
        "Knowledge is better looked up than learnt; behaviour is what examples teach.",
        (
            Choice("knowledge", "It does not know my facts: products, documents, cases"),
            Choice("tone", "It does not sound as it should: voice, tone, style"),
            Choice("form", "It does not keep to a form: format, length, structure"),
            Choice("task", "It does not do one task reliably: sort, extract, rewrite"),
        ),
        several=True,
    ),
    Question(
        "changes",
        "How often do the facts in the answers change?",
        "What a model has learnt stays as it was on the day of training.",
        (
            Choice("none", "The answers need no facts of mine"),
            Choice("seldom", "Once a year or less"),
            Choice("monthly", "Every few weeks or months"),
            Choice("daily", "Every day or week"),
        ),
    ),
    Question(
        "sources",
        "Must an answer say where it comes from?",
        "A trained model cannot name its sources; one that is given the text can.",
        (Choice("no", "No"), Choice("yes", "Yes, sources must be named")),
    ),
    Question(
        "prompt",
        "What have you tried with prompts?",
        "A good prompt takes an hour, and is what training has to beat.",
        (
            Choice("nothing", "Nothing yet"),
            Choice("short", "A sentence or two"),
            Choice("careful", "A careful prompt with examples; it helps, not enough"),
            Choice("enough", "A careful prompt with examples; the answers are good"),
        ),
    ),
    Question(
        "examples",
        "How many good examples do you have, or can you write?",
        "Fifty consistent ones are a start, a few hundred are better; quality counts more than number.",
        (
            Choice("few", "Fewer than 20"),
            Choice("some", "20 to 100"),
            Choice("many", "100 to 500"),
            Choice("most", "More than 500"),
        ),
    ),
    Question(
        "privacy",
        "May the data leave your machines?",
        "Tunesmith sends nothing anywhere; a model on your own machine may also be prompted there.",
        (Choice("no", "No"), Choice("yes", "Yes, a service would do as well")),
    ),
    Question(
        "volume",
        "How many answers will be asked for, and how quickly?",
        "A long prompt is read anew for every answer; an adapter is not.",
        (
            Choice("few", "A few a day; seconds do not matter"),
            Choice("many", "Hundreds a day or more"),
            Choice("fast", "They must come at once, or on a small device"),
        ),
    ),
    Question(
        "budget",
        "What can you spend?",
        "Examples take most of the time; training small models takes minutes on a graphics card.",
        (
            Choice("hours", "An afternoon, and this machine"),
            Choice("days", "Some days for examples, and a graphics card"),
            Choice("weeks", "Weeks, and people who keep it up to date"),
        ),
    ),
)


def question(id: str) -> Question:
    """The question of this id.

    Raises:
        KeyError: there is none.
    """
    try:
        return next(item for item in QUESTIONS if item.id == id)
    except StopIteration:
        raise KeyError(id) from None
