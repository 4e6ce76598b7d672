"""Small skills beside the tasks: reading a passage, copying, lists, facts, tenses, greetings, and polite refusals."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

from starter_model.frames import frames, instructions, load_phrases
from starter_model.slots import Draw, capital
from starter_model.words import load, vocabulary

_NOTES = ("Remind ", "Tell ", "Ask ", "Invite ", "Thank ", "Write ")  # how instructions for notes begin
Exchange = tuple[str, str, str]  # instruction, input, output


def passage(rng: random.Random) -> Exchange:
    """A question about three sentences."""
    draw = Draw(rng)
    names = [draw.fill(slot) for slot in ("{name}", "{name2}", "{name3}")]
    things = [draw.fill(slot) for slot in ("{item}", "{item2}", "{item3}")]
    rooms = [draw.fill(slot) for slot in ("{room}", "{room2}", "{room3}")]
    towns = [draw.fill(slot) for slot in ("{town}", "{town2}", "{town3}")]
    asked, kind = rng.randrange(3), rng.randrange(4)
    if kind < 2:
        facts = [f"{name} has the {thing}." for name, thing in zip(names, things, strict=True)]
        query = f"Who has the {things[asked]}?" if kind else f"What does {names[asked]} have?"
    elif kind == 2:
        facts = [f"The {thing} is in the {room}." for thing, room in zip(things, rooms, strict=True)]
        query = f"Where is the {things[asked]}?"
    else:
        facts = [f"{name} lives in {town}." for name, town in zip(names, towns, strict=True)]
        query = f"Where does {names[asked]} live?"
    text = f"{' '.join(facts)} {query}"
    return ("Answer the question.", text, facts[asked]) if rng.random() < 0.6 else (text, "", facts[asked])


def copied(rng: random.Random) -> Exchange:
    """Words, names and numbers, repeated as they are: this is where unknown words are learnt to be copied."""
    draw = Draw(rng, invent=0.6)
    slots = [
        rng.choice(("item", "name", "town", "order", "food", "event", "verb", "topic"))
        for _ in range(rng.randint(2, 6))
    ]
    words = " ".join(draw.fresh().fill(f"{{{slot}}}") for slot in slots)
    return rng.choice(("Repeat the words.", "Copy the text.", "Repeat.", "Repeat this.")), words, words


def tense(rng: random.Random) -> Exchange:
    """A sentence in the past, in the future, as a question, or denied."""
    draw = Draw(rng)
    base, past = rng.choice(vocabulary().verbs["act"])
    subject, rest = draw["name"], f"the {draw['item']}"
    now, then = f"{subject} will {base} {rest}.", f"{subject} {past} {rest}."
    return rng.choice(
        (
            ("Put this in the past.", now, then),
            ("Put this in the future.", then, now),
            ("Make this a question.", now, f"Will {subject} {base} {rest}?"),
            ("Make this negative.", now, f"{subject} will not {base} {rest}."),
        )
    )


def found(rng: random.Random) -> Exchange:
    """What a text mentions: names, an order number, the thing."""
    kind = rng.randrange(3)
    if kind == 0:
        frame = rng.choice([frame for frame in frames().values() if frame.task == "summary"])
        draw = Draw(rng)
        text = draw.fill(rng.choice(frame.ask))
        names = sorted({draw[slot] for slot in ("name", "name2") if draw[slot] in text}, key=text.index)
        return "Which names are in the text?", text, " and ".join(names)
    slot, query = (("{order}", "Which order is it?"), ("{item}", "Which item is it?"))[kind - 1]
    asks = [
        ask
        for frame in frames().values()
        if frame.task == "customer"
        for ask in frame.ask
        if slot in ask and "item2" not in ask
    ]
    draw = Draw(rng)
    return query, draw.fill(rng.choice(asks)), draw.fill(slot)


def fact(rng: random.Random) -> Exchange:
    """One of a few dozen facts."""
    words, kind = vocabulary(), rng.randrange(4)
    if kind == 0:
        name = rng.choice(list(words.categories))
        count = rng.randint(2, 4)
        return (
            f"List {('two', 'three', 'four')[count - 2]} {name}.",
            "",
            ", ".join(rng.sample(words.categories[name], count)),
        )
    if kind == 1:
        one, other = rng.choice(words.opposites)
        one, other = (one, other) if rng.random() < 0.5 else (other, one)
        return f"What is the opposite of {one}?", "", f"The opposite of {one} is {other}."
    if kind == 2:
        country, city = rng.choice(words.capitals)
        return f"What is the capital of {country}?", "", f"The capital of {country} is {city}."
    thing, use = rng.choice(words.definitions)
    thing = f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"
    return (
        rng.choice((f"What is {thing}?", f"Explain what {thing} is.")),
        "",
        f"{capital(thing)} is something that {use}.",
    )


def listed(rng: random.Random) -> Exchange:
    """A sentence as a list."""
    draw = Draw(rng)
    start = rng.choice(("I need", "Please bring", "We have", "Do not forget", "I bought", "Buy"))
    article = rng.choice(("the ", "the ", "a ", ""))
    things = [
        draw.fill(slot)
        for slot in rng.choice(
            (("{item}", "{item2}", "{item3}"), ("{food}", "{item}", "{food2}"), ("{food}", "{food2}"))
        )
    ]
    sentence = f"{start} {', '.join(article + thing for thing in things[:-1])} and {article}{things[-1]}."
    return rng.choice(("Make a list.", "Write this as a list.")), sentence, "\n".join(f"- {thing}" for thing in things)


def first_sentence(rng: random.Random) -> Exchange:
    """The first sentence of a text, or a text without its capitals put right."""
    frame = rng.choice([frame for frame in frames().values() if frame.task == "summary"])
    text = Draw(rng).fill(rng.choice(frame.ask))
    first = text.split(". ")[0] + "."
    if rng.random() < 0.5:
        return "Give me the first sentence.", text, first
    return rng.choice(("Fix the capital letters.", "Correct the capital letters.")), first.lower(), first


def story(rng: random.Random) -> Exchange:
    """A short story about somebody."""
    frame = rng.choice([frame for frame in frames().values() if frame.task == "summary"])
    draw = Draw(rng, invent=0.1)
    text = draw.fill(rng.choice(frame.ask))
    return (
        rng.choice((f"Tell me a story about {draw['name']}.", f"Write a short story about {draw['name']}.")),
        "",
        text,
    )


def greeting(rng: random.Random) -> Exchange:
    """A greeting and its answer, or one to write."""
    if rng.random() < 0.2:
        word, name = rng.choice(("Good morning", "Good evening", "Hello", "Good night")), Draw(rng)["name"]
        return f"Say {word[0].lower()}{word[1:]} to {name}.", "", f"{word}, {name}."
    answer, asks = rng.choice(list(_smalltalk()["greetings"].items()))
    return rng.choice(asks), "", answer


def unknown(rng: random.Random) -> Exchange:
    """A question beyond the model's world."""
    part = _smalltalk()["unknown"]
    draw = Draw(rng)
    draw["topic"] = _topic(rng, draw)
    return draw.fill(rng.choice(part["ask"])), "", part["answer"]


def refused(rng: random.Random) -> Exchange:
    """A task beyond the model's skills, with or without an input; or a command that nobody asked to be rewritten."""
    part = _smalltalk()["refused"]
    draw = Draw(rng)
    draw["topic"] = _topic(rng, draw)
    text = draw.fill(rng.choice(part["ask"])) if rng.random() < 0.8 else _bare_command(rng)
    return text, draw.fill("{Fact}.") if rng.random() < 0.15 else "", part["answer"]


def unclear_message(rng: random.Random) -> Exchange:
    """A customer's message that no frame answers."""
    part = _unclear()
    ask = (
        rng.choice(part["ask"])
        if rng.random() < 0.7
        else rng.choice(("{Fact}.", "{Command}.", "They say that {fact}."))
    )
    text = Draw(rng).fill(ask)
    while "broken" in text:  # that has an answer
        text = Draw(rng).fill(ask)
    return rng.choice(instructions("customer")), text, part["answer"]


def prose(rng: random.Random) -> str:
    """A few sentences that follow no instruction."""
    stories = [frame for frame in frames().values() if frame.task == "summary"]
    sentences = []
    for _ in range(rng.randint(2, 4)):
        ask = rng.choice(rng.choice(stories).ask) if rng.random() < 0.4 else rng.choice(load_phrases()["prose"])
        sentences.append(Draw(rng).fill(ask))
    return " ".join(sentences)


SKILLS: tuple[tuple[Callable[[random.Random], Exchange], float], ...] = (
    (unknown, 7.0),
    (refused, 4.5),
    (unclear_message, 3.0),
    (greeting, 2.5),
    (copied, 3.5),
    (passage, 3.5),
    (found, 2.5),
    (listed, 2.0),
    (tense, 1.5),
    (fact, 2.0),
    (first_sentence, 1.5),
    (story, 1.0),
)


def skill(rng: random.Random) -> Exchange:
    """An exchange of any kind; the weights above are shares of the whole corpus in per cent."""
    return rng.choices([kind for kind, _ in SKILLS], [weight for _, weight in SKILLS])[0](rng)


def _topic(rng: random.Random, draw: Draw) -> str:
    return rng.choice(_smalltalk()["topics"]) if rng.random() < 0.4 else draw["topic2"]


def _bare_command(rng: random.Random) -> str:
    """A command that is none of the instructions for notes."""
    while True:
        text = Draw(rng).fill("{Command}.")
        if not text.startswith(_NOTES):
            return text


@cache
def _unclear() -> dict[str, Any]:
    part: dict[str, Any] = load("frames")["unknown_message"]
    return part


@cache
def _smalltalk() -> dict[str, Any]:
    return load("smalltalk")
