"""What the window shows under "What the model sees" is what the training process makes of the same example."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from app import disk
from app.models.form_counter import _count
from core.base_models import catalogue
from core.dataset.example import Example, Turn
from core.errors import RunError
from core.project import Project
from core.prompt.format import PromptFormat
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.worker.prepare import prepare

PROMPT_TESTS = Path(__file__).parents[1] / "core" / "prompt"
FAMILIES = ("chatml", "llama3", "mistral", "gemma", "alpaca", "thinking", "base")
WORDS = (
    *(
        "parcel",
        "Friday",
        "customer",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "Grüße",
        "東京",
        "👩‍🚀",
        "e\u0301",
        "ﬁ",
        "▁",
        "</s>",
        "<s>",
    ),
    *(
        "<|im_end|>",
        "<|eot_id|>",
        "<end_of_turn>",
        "[INST]",
        "<think>",
        "{{ x }}",
        "### Response:",
        "ᵃ",
        "1234",
        "don't",
    ),
)


@pytest.fixture(scope="module")
def families() -> Any:
    """The small tokenizers of the families, which the tests of the prompt use."""
    sys.path.insert(0, str(PROMPT_TESTS))
    import families

    yield families
    sys.path.remove(str(PROMPT_TESTS))


def saved(families: Any, folder: Path, family: str) -> str:
    """A base model of a family, as far as its texts go."""
    families.save(folder, family)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    return str(folder)


def text(draw: random.Random, most: int) -> str:
    return "".join(draw.choice(WORDS) + draw.choice((" ", " ", "")) for _ in range(draw.randint(1, most)))


def example(draw: random.Random, *, system: bool) -> Example:
    """Texts with all that tokenizers find hard; every second one in a conversation."""
    turns = [Turn(role, text(draw, 4)) for role in ("user", "assistant")] * draw.randint(0, 1)
    return Example(
        instruction=f"Write {text(draw, 8)}",
        input=text(draw, 6) if draw.random() < 0.5 else "",
        output=f"Dear {text(draw, 8)} yours",
        system=f"Be kind {text(draw, 3)}" if system and draw.random() < 0.5 else "",
        history=tuple(turns),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_preview_has_the_tokens_of_training(family: str, families: Any, tmp_path: Path) -> None:
    """From the form through the store and a run's frozen files to the training process, for random examples."""
    base = saved(families, tmp_path / family, family)
    draw = random.Random(f"preview {family}")
    window = disk.prompt_format(base)
    trained = PromptFormat.load(catalogue.resolve(base))
    with Project.create(tmp_path / "project", name="Preview") as project:
        wanted = [example(draw, system=family != "gemma") for _ in range(60)]
        able = [one for one in wanted if _count(window, one).whole is not None]
        assert len(able) > 40  # a template may refuse some, and says so
        project.store.add(able)
        stored = {one.id: one for one in project.store.iterate()}
        limit = sorted(len(_count(window, one).whole.ids) for one in able)[-10]  # some are longer
        recipe = {"model.base": base, "training.max_length": limit, "heldout.share": 0.0}
        run = project.create_run(recipe=with_settings(Recipe(), recipe))
        frozen = run.train_examples()
        prepared = prepare(frozen, trained, limit, lambda _done, _total: None)
        kept = {one.id: tokens for one, tokens in zip(prepared.examples, prepared.tokens, strict=True)}
        assert len(frozen) > 40
        assert len(kept) > 10
        assert prepared.too_long
        for one in frozen:
            whole = _count(window, stored[one.id]).whole
            assert whole is not None
            assert (len(whole.ids) > limit) == (one.id in prepared.too_long)  # the view says it is left out
            if one.id in kept:
                assert (list(kept[one.id].ids), list(kept[one.id].supervised)) == (whole.ids, whole.supervised)
    window.close()
    trained.close()


def test_what_the_preview_refuses_training_refuses_too(families: Any, tmp_path: Path) -> None:
    base = saved(families, tmp_path / "gemma", "gemma")
    window = disk.prompt_format(base)
    refused = Example("Greet", "", "Hi", system="Be kind", id=1)
    counted = _count(window, refused)
    assert counted.whole is None
    trained = PromptFormat.load(Path(base))
    with pytest.raises(RunError) as caught:
        prepare([refused], trained, 1024, lambda _done, _total: None)
    assert caught.value.reason in str(counted.problem)
    assert "System role not supported" in caught.value.reason
    others = [Example("Greet", "", "Hi", id=2), Example("Greet", "", "Ho", system="Be rude", id=3)]
    with pytest.raises(RunError, match="2 examples cannot be trained: 1, 3") as caught:  # all at once
        prepare([refused, *others], trained, 1024, lambda _done, _total: None)
    assert "Example 3: " in caught.value.details
    trained.close()
    window.close()
