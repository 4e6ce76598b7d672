"""A chat template can be chosen in the place of a missing or broken one, and every part of the program uses it."""

from __future__ import annotations

import shutil

import pytest

from core import paths
from core.dataset.example import Example, Turn
from core.errors import ModelError
from core.hardware.obstacles import obstacles
from core.prompt import sandbox
from core.prompt.chosen_template import shipped
from core.prompt.format import PromptFormat
from core.prompt.proof import Flaw, prove
from core.recipe import file
from core.recipe.choices import CHAT_TEMPLATES, OWN, WRITTEN
from core.recipe.recipe import with_settings
from core.recipe.schema import ModelSettings, Recipe

EARLIER = (Turn("user", "Say hello"), Turn("assistant", "Good day"))
EXAMPLES = [
    Example(id=1, instruction="Say hello", output="Good day"),
    Example(id=2, system="Be kind", instruction="Say hello", input="to Ann", output="Hello, Ann"),
    Example(
        id=3,
        instruction="Once more",
        output="Hello again",
        history=EARLIER,
    ),
]
TOKENS = {
    "chatml": "chatml",
    "llama3": "llama3",
    "gemma": "gemma",
}


def test_the_choices_are_what_ships():
    assert list(CHAT_TEMPLATES) == [OWN, *(one.name for one in shipped()), WRITTEN]
    assert {one.name: one.title for one in shipped()}.items() <= CHAT_TEMPLATES.items()
    there = {path.stem for path in (paths.resources() / "templates").glob("*.jinja")}
    assert there == {one.name for one in shipped()}
    assert all(sandbox.is_known(one.source) for one in shipped())


@pytest.mark.parametrize("name", [one.name for one in shipped()])
def test_every_shipped_template_can_be_taught_and_is_transformers_text(folders, tmp_path, name):
    from transformers import PreTrainedTokenizerFast

    folder = folders[TOKENS.get(name, "chatml")]
    chosen = PromptFormat.load(folder, template=name)
    assert not chosen.has_own_template
    chosen.save(tmp_path)
    theirs = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    for example in EXAMPLES:
        assert prove(chosen, example).flaw is Flaw.NONE
        encoded = chosen.encode(example)
        learnt = "".join(text for text, on in zip(encoded.texts, encoded.supervised, strict=True) if on)
        assert learnt.startswith(("Good", "Hello"))
        assert encoded.ids[max(i for i, on in enumerate(encoded.supervised) if on)] in chosen.end_ids
        text = theirs.apply_chat_template(example.messages(), tokenize=False)
        assert chosen.render(example.messages()) == text
        assert encoded.text.startswith(text.rstrip("\n"))


def test_a_template_that_needs_tokens_which_are_not_there_is_refused(folders):
    with pytest.raises(ModelError, match="does not suit") as raised:
        PromptFormat.load(folders["chatml"], template="gemma")
    assert "<start_of_turn> and <end_of_turn>" in raised.value.reason


def test_a_written_template_runs_under_limits(folders):
    source = (
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}{% endfor %}"
        "{{ '[assistant] ' if add_generation_prompt }}"
    )
    written = PromptFormat.load(folders["chatml"], template=source)
    try:
        assert isinstance(written._renderer, sandbox.HelperProcess)
        assert written.render(EXAMPLES[0].messages()).startswith("[user] Say hello")
        assert prove(written, EXAMPLES[1]).flaw is Flaw.NONE
    finally:
        written.close()
    with pytest.raises(ModelError, match="broken"):
        PromptFormat.load(folders["chatml"], template="{% for %}")


def test_a_model_whose_own_template_is_broken_can_be_used_with_a_chosen_one(folders, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(folders["chatml"], folder)
    (folder / "chat_template.jinja").write_bytes(b"\xff\xfe{% for")
    with pytest.raises(ModelError):
        PromptFormat.load(folder)
    assert PromptFormat.load(folder, template="alpaca").render(EXAMPLES[0].messages()).startswith("Below is")


def test_the_recipe_says_which(tmp_path):
    assert Recipe().model.template == ""
    assert with_settings(Recipe(), {"model.chat_template": "vicuna"}).model.template == "vicuna"
    written = with_settings(Recipe(), {"model.chat_template": "written", "model.written_template": "{{ 1 }}\n{{ 2 }}"})
    assert written.model.template == "{{ 1 }}\n{{ 2 }}"
    assert "model.written_template" in obstacles(with_settings(Recipe(), {"model.chat_template": "written"}))
    assert not obstacles(written)
    assert ModelSettings(chat_template="own", written_template="{{ 1 }}").template == ""


def test_recipes_of_earlier_versions_mean_what_they_meant(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('[model]\nbase = "starter"\n', encoding="utf-8")
    assert file.load(path) == Recipe()
    written = with_settings(
        Recipe(), {"model.chat_template": "written", "model.written_template": "{# ' \" #}\n\t{{ 1 }}"}
    )
    file.save(written, path)
    assert file.load(path) == written
