"""Advice on settings from the user's own examples, each piece with its reason.

The rules are those of QLoRA (arXiv:2305.14314, section 4 and appendix B) and "LoRA Without Regret" (Schulman et al.,
2025): capacity follows the data, LoRA bears large batches badly, small data is seen a few times and no more. What a
base model or a preset sets on purpose is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.recipe import presets
from core.recipe.recipe import get, with_settings
from core.recipe.schema import Recipe

BIN = 64  # tokens; maximum lengths are multiples of it, and the lengths of examples are counted in steps of it
_LONGEST = 2048  # tokens; longer rows cost much memory for few examples, so nobody is advised to take them
_FEW_STEPS = 60  # under this many optimizer steps little is learnt
_MOST_EPOCHS = 6  # over this many passes small data is learnt by heart
_TINY = 100_000_000  # parameters; smaller models want learning rates of their own
_LARGE = 20_000_000_000
_FEWEST_HELDOUT = 50  # examples from which on some are held out


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What advice goes by.

    Attributes:
        train: examples that are trained on.
        heldout: examples that are held out.
        lengths: how many examples have up to 64 tokens, up to 128 and so on.
        longest: tokens of the longest example.
        parameters: of the base model; 0 when it is not known.
        context: tokens that the base model was made for; 0 when it does not say.
        too_long: how many are longer than the maximum length is now; None when that was not counted.
    """

    train: int
    heldout: int = 0
    lengths: Sequence[int] = ()
    longest: int = 0
    parameters: int = 0
    context: int = 0
    too_long: int | None = None

    def longer_than(self, tokens: int) -> int:
        """How many examples are longer than a multiple of 64."""
        return sum(self.lengths[tokens // BIN :])


@dataclass(frozen=True, slots=True)
class Advice:
    """Settings to change (name to value), and why."""

    id: str
    reason: str
    changes: dict[str, Any] = field(default_factory=dict)


def advise(recipe: Recipe, facts: DataFacts) -> list[Advice]:
    """What to change; empty when the settings suit the examples, and after all of it was applied.

    ``recipe`` is followed step by step: each piece of advice takes those before it as applied.
    """
    if not facts.train:
        return []
    found: list[Advice] = []
    for rule in (_length, _batch, _epochs, _rank, _rate, _dropout, _heldout):
        for advice in rule(recipe, facts):
            if advice.id != "length" and any(_is_on_purpose(recipe, name) for name in advice.changes):
                continue
            found.append(advice)
            recipe = with_settings(recipe, advice.changes)
    return found


def _is_on_purpose(recipe: Recipe, name: str) -> bool:
    """Whether it is the base model's to say, or a preset that is in force has it like this."""
    if name in presets.brought_by(recipe.model.base):
        return True
    return any(
        name in preset.changes and all(get(recipe, other) == value for other, value in preset.changes.items())
        for preset in presets.PRESETS
    )


def _length(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    now = recipe.training.max_length
    if not facts.longest:
        return
    most = max(_LONGEST, now)
    if facts.context:
        most = min(most, facts.context)
    wanted = min(max(BIN, math.ceil(facts.longest / BIN) * BIN), most // BIN * BIN)
    if wanted > now:
        lost = facts.longer_than(math.ceil(now / BIN) * BIN) if facts.too_long is None else facts.too_long
        left = facts.longer_than(wanted)
        covers = "covers all" if not left else f"leaves out {_examples(left)}"
        missing = f"{_examples(lost)} of yours" if lost else "Some examples of yours"
        verb = "is" if lost == 1 else "are"
        yield Advice(
            "length",
            f"{missing} {verb} longer than {now:,} tokens and would be left out; {wanted:,} {covers}.",
            {"training.max_length": wanted},
        )
    elif wanted < now and "training.max_length" not in presets.brought_by(recipe.model.base):
        reason = f"Your longest example has {facts.longest:,} tokens; {wanted:,} covers all and needs less memory."
        if wanted < facts.longest:
            reason = f"The base model was made for up to {facts.context:,} tokens and may go wrong beyond."
        yield Advice("length", reason, {"training.max_length": wanted})


def _batch(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    wanted = 16 if facts.train >= 500 else 8 if facts.train >= 80 else 4
    if recipe.training.batch_size >= 2 * wanted:
        yield Advice(
            "batch",
            f"With {_examples(facts.train)} smaller batches teach more: {_steps(facts.train, wanted)} a pass instead "
            f"of {_steps(facts.train, recipe.training.batch_size, words=False)}.",
            {"training.batch_size": wanted},
        )


def _epochs(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    each = math.ceil(facts.train / recipe.training.batch_size)
    usual = Recipe().training.epochs
    wanted = float(min(_MOST_EPOCHS, max(usual, math.ceil(_FEW_STEPS / each))))
    now = recipe.training.epochs
    if now > _MOST_EPOCHS:
        yield Advice(
            "epochs",
            f"{now:g} passes over {_examples(facts.train)} are usually learnt by heart; {wanted:g} are enough.",
            {"training.epochs": wanted},
        )
    elif now < wanted and math.ceil(each * now) < _FEW_STEPS:
        yield Advice(
            "epochs",
            f"{now:g} {'pass makes' if now == 1 else 'passes make'} {math.ceil(each * now)} steps; under {_FEW_STEPS} "
            f"little is learnt. {wanted:g} passes make {math.ceil(each * wanted)}.",
            {"training.epochs": wanted},
        )


def _rank(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    wanted = 8 if facts.train < 300 else 16 if facts.train <= 5000 else 32
    rank, alpha = recipe.lora.rank, recipe.lora.alpha
    why = "capacity follows the data, and alpha twice the rank keeps the learning rate right"
    if rank >= 2 * wanted:
        reason = f"{_examples(facts.train)} fill no more than rank {wanted}: {why}."
        yield Advice("rank", reason, {"lora.rank": wanted, "lora.alpha": 2 * wanted})
    elif 2 * rank <= wanted:
        reason = f"{_examples(facts.train)} can teach more than rank {rank} holds: {why}."
        yield Advice("rank", reason, {"lora.rank": wanted, "lora.alpha": 2 * wanted})
    elif not recipe.lora.use_rslora and not 1 <= alpha / rank <= 4:
        reason = f"Alpha is {alpha / rank:.2g} times the rank; with twice, the usual learning rates are right."
        yield Advice("alpha", reason, {"lora.alpha": 2 * rank})


def _rate(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    now = recipe.training.learning_rate
    if facts.parameters < _TINY:
        return
    if facts.parameters > _LARGE and now > 1e-4:
        reason = "A model of more than 20 billion parameters learns best with smaller steps."
        yield Advice("rate", reason, {"training.learning_rate": 1e-4})
    elif not 2e-5 <= now <= 5e-4:
        small = "too small to change much" if now < 2e-5 else "so large that the loss may jump"
        reason = f"{now:g} is {small} in a model of {_billions(facts.parameters)} parameters."
        yield Advice("rate", reason, {"training.learning_rate": 2e-4})


def _dropout(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    now = recipe.lora.dropout
    if facts.train > 5000 and now > 0:
        reason = f"{_examples(facts.train)} are not learnt by heart so soon; without dropout they are learnt faster."
        yield Advice("dropout", reason, {"lora.dropout": 0.0})
    elif facts.train <= 5000 and now == 0 and recipe.training.epochs > 2:
        reason = f"{_examples(facts.train)} in {recipe.training.epochs:g} passes are soon learnt by heart without it."
        yield Advice("dropout", reason, {"lora.dropout": Recipe().lora.dropout})


def _heldout(recipe: Recipe, facts: DataFacts) -> Iterator[Advice]:
    if recipe.heldout.share == 0 and not facts.heldout and facts.train >= _FEWEST_HELDOUT:
        reason = f"Of {_examples(facts.train)} some can be spared to tell learning from memorising."
        yield Advice("heldout", reason, {"heldout.share": Recipe().heldout.share})
    elif facts.heldout and not recipe.heldout.early_stopping and recipe.training.epochs > 3:
        reason = f"In {recipe.training.epochs:g} passes the held-out loss often rises again; then the rest is in vain."
        yield Advice("early-stopping", reason, {"heldout.early_stopping": True})


def _examples(count: int) -> str:
    return "1 example" if count == 1 else f"{count:,} examples"


def _steps(train: int, batch: int, *, words: bool = True) -> str:
    steps = math.ceil(train / batch)
    return f"{steps:,}" if not words else "1 step" if steps == 1 else f"{steps:,} steps"


def _billions(parameters: int) -> str:
    return f"{parameters / 1e9:.1f} billion" if parameters >= 1e9 else f"{parameters / 1e6:.0f} million"
