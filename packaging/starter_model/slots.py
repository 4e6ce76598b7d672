"""What stands in the {slots} of a sentence: drawn at random, the same wherever one example names the slot again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from starter_model.words import invented, vocabulary

HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_OBJECTS = (
    "the {item}",
    "the {item}",
    "the {item}",
    "my {item}",
    "your {item}",
    "a new {item}",
    "two {thing}s",
    "this {item}",
)
_FACTS = (
    "the {item} is in the {room}",
    "the {item} is {adjective}",
    "the {item} costs {price} euros",
    "the {event} is {tail}",
    "{name} has the {item}",
    "{name} is a {job}",
    "{name} lives in {town}",
    "{name} will come {tail}",
    "{name} is waiting in the {room}",
    "{name} likes {food}",
    "we need {food} {tail}",
    "I cannot come {tail}",
    "the {pet} is in the {room}",
    "the {room} is {adjective}",
    "order {order} is late",
    "my {family} found the {item}",
    "there is no {food} in the {room}",
    "I lost the {item} {tail}",
)


class Draw(dict[str, str]):
    """The slots of one example, each drawn when first asked for; made for ``str.format_map``.

    A digit makes another value of the same kind that differs from the first ({name2}); a capital first letter writes
    the value with one ({Command}).

    Args:
        rng: where chance comes from.
        invent: the share of invented words among nouns and names; other words are invented half as often.
        words: for some slots, the words or sentences (with slots) to draw from instead; none of them is invented.
    """

    def __init__(
        self, rng: random.Random, invent: float = 0.3, words: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        super().__init__()
        self._rng = rng
        self._invent = invent
        self._words = words or {}

    def __missing__(self, slot: str) -> str:
        if slot[0].isupper():
            return capital(self[slot[0].lower() + slot[1:]])
        kind = slot.rstrip("23")
        taken = [self[kind]] if kind != slot else []
        if slot.endswith("3"):
            taken.append(self[kind + "2"])
        value = self._draw(kind)
        while value in taken:
            value = self._draw(kind)
        self[slot] = value
        return value

    def fill(self, text: str) -> str:
        """The text with its slots filled; an empty slot leaves no double blank."""
        return " ".join(text.format_map(self).split(" ")).replace("  ", " ").strip()

    def fresh(self) -> Draw:
        """Slots of its own for a clause inside a slot."""
        return Draw(self._rng, self._invent, self._words)

    def _draw(self, kind: str) -> str:
        if kind in self._words:
            return (self if kind == "filler" else self.fresh()).fill(self._rng.choice(self._words[kind]))
        return _KINDS[kind](self)

    def _word(self, words: tuple[str, ...] | list[str], share: float = 0.5) -> str:
        """A known word, or an invented one (``share`` says how readily)."""
        if self._rng.random() < self._invent * share:
            return invented(self._rng)
        return self._rng.choice(words)

    def _item(self) -> str:
        noun, chance = self._word(vocabulary().nouns, 1.0), self._rng.random()
        if chance < 0.45:
            return noun
        return f"{self._word(vocabulary().adjectives if chance < 0.9 else vocabulary().materials)} {noun}"

    def _name(self) -> str:
        if self._rng.random() < self._invent:
            first = capital(invented(self._rng))
            return first if self._rng.random() < 0.8 else f"{first} {capital(invented(self._rng))}"
        words, chance = vocabulary(), self._rng.random()
        if chance < 0.8:
            return self._rng.choice(words.first_names)
        last = self._rng.choice(words.last_names)
        return f"{self._rng.choice(words.titles if chance < 0.92 else words.first_names)} {last}"

    def _town(self) -> str:
        return capital(self._word(vocabulary().towns, 1.0))

    def _command(self) -> str:
        """A request without its full stop: verb, things, and often a clause of time, place or reason."""
        verbs = vocabulary().verbs
        kind = self._rng.choice(
            ("act", "act", "act", "move", "move", "give", "give", "tell", "meet", "stay", "order", "me")
        )
        verb = self._word([base for base, _ in verbs.get(kind, verbs["give"])], 0.4)
        thing = self._rng.choice(_OBJECTS)
        text = {
            "act": f"{verb} {thing}",
            "move": f"{verb} {thing} " + self._rng.choice(("to the {room}", "to {town}", "to {name}")),
            "give": f"{verb} " + self._rng.choice(("{name} ", "my {family} ", "us ")) + thing,
            "tell": f"{verb} {{name}} about " + self._rng.choice((thing, "the {event}")),
            "meet": f"{verb} " + self._rng.choice(("{name}", "my {family}", "the {job}")),
            "stay": f"{verb} in the {{room}}",
            "order": f"{verb} order {{order}} to {{town}}",
            "me": f"{verb} me {thing}",
        }[kind]
        return self.fresh().fill(text + (" {tail}" if self._rng.random() < 0.5 else ""))

    def _clause(self, sentences: tuple[str, ...]) -> str:
        return self.fresh().fill(self._rng.choice(sentences))

    def _topic(self) -> str:
        words, chance = vocabulary(), self._rng.random()
        if chance < 0.3:
            return invented(self._rng)
        if chance < 0.4:
            return f"{self._word(words.adjectives)} {self._word(words.nouns)}"
        return self._rng.choice(self._rng.choice((words.nouns, words.foods, words.pets, words.events, words.jobs)))

    def _verb(self) -> str:
        return self._word([base for pairs in vocabulary().verbs.values() for base, _ in pairs])

    def _number(self, low: int, high: int) -> str:
        return str(self._rng.randint(low, high))


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[0].upper() + text[1:]


_KINDS: dict[str, Callable[[Draw], str]] = {
    "item": Draw._item,
    "thing": lambda draw: draw._word(vocabulary().nouns, 1.0),
    "adjective": lambda draw: draw._word(vocabulary().adjectives),
    "colour": lambda draw: draw._word(vocabulary().colours),
    "material": lambda draw: draw._word(vocabulary().materials),
    "room": lambda draw: draw._word(vocabulary().rooms),
    "town": Draw._town,
    "name": Draw._name,
    "job": lambda draw: draw._word(vocabulary().jobs),
    "family": lambda draw: draw._rng.choice(vocabulary().family),
    "day": lambda draw: draw._rng.choice(vocabulary().days),
    "month": lambda draw: draw._rng.choice(vocabulary().months),
    "hour": lambda draw: f"{draw._rng.choice(HOURS)} o'clock",
    "event": lambda draw: draw._word(vocabulary().events),
    "food": lambda draw: draw._word(vocabulary().foods),
    "pet": lambda draw: draw._word(vocabulary().pets),
    "topic": Draw._topic,
    "verb": Draw._verb,
    "command": Draw._command,
    "fact": lambda draw: draw._clause(_FACTS),
    "tail": lambda draw: draw._clause(vocabulary().tails),
    "reason": lambda draw: draw._clause(vocabulary().reasons),
    "filler": lambda draw: draw.fill(draw._rng.choice(vocabulary().fillers)) if draw._rng.random() < 0.8 else "",
    "order": lambda draw: draw._number(100, 99999),
    "price": lambda draw: draw._number(2, 990),
    "number": lambda draw: draw._number(2, 990),
    "year": lambda draw: draw._number(1066, 2030),
}
