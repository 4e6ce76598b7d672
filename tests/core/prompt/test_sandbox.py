"""Templates from outside: rendered in a helper process, stopped at its limits, the same text as inside."""

from __future__ import annotations

import gc
import time
from datetime import datetime

import psutil
import pytest
from families import FAMILIES, TEMPLATES, save

from core import paths
from core.dataset.example import Example
from core.errors import ModelError
from core.prompt import sandbox
from core.prompt.format import PromptFormat
from core.prompt.sandbox import HelperProcess, InProcess, fingerprint, is_known, renderer
from core.prompt.template import Job, TemplateError

HELLO = Job([{"role": "user", "content": "Hello"}])
BOMBS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}"
    "{% endfor %}",
    "memory": "{{ ('a' * 2000000000) | length }}",
    "doubling": "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "number": "{{ messages | length ** 9 ** 9 ** 9 }}{{ 7 ** (9 ** 9) }}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_stopped_with_a_clear_error(tmp_path, bomb):
    folder = save(tmp_path / "model", "chatml", BOMBS[bomb])
    start = time.monotonic()
    with pytest.raises(ModelError, match="was stopped") as caught:
        PromptFormat.load(folder)
    assert time.monotonic() - start < 5.0  # two seconds of limit, the rest to start the process on a busy machine
    assert "seconds" in caught.value.reason or "memory" in caught.value.reason


def test_a_bomb_that_waits_for_its_moment_is_stopped_too(tmp_path):
    fuse = "{% if messages[0]['content'] == 'boom' %}" + BOMBS["loops"] + "{% endif %}"
    template = fuse + (TEMPLATES / "chatml.jinja").read_text(encoding="utf-8")
    prompt_format = PromptFormat.load(save(tmp_path / "model", "chatml", template))
    start = time.monotonic()
    with pytest.raises(ModelError, match="longer than 2 seconds"):
        prompt_format.encode(Example(instruction="boom", output="x"))
    assert time.monotonic() - start < 5.0
    assert prompt_format.encode(Example(instruction="calm", output="x")).supervised_count > 0


def test_a_template_that_hangs_again_and_again_is_not_tried_for_ever(monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.3)
    helper = HelperProcess("{% if messages[0]['content'] == 'Hello' %}" + BOMBS["loops"] + "{% endif %}", {}, None)
    for _ in range(2):
        with pytest.raises(ModelError, match="seconds"):
            helper.render([HELLO])
    start = time.monotonic()
    with pytest.raises(ModelError, match="stopped before"):
        helper.render([HELLO])
    assert time.monotonic() - start < 0.5


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ dict.__base__ }}",
        "{{ namespace(__class__=1) }}",
    ],
)
def test_python_is_out_of_reach(template):
    try:
        inside = InProcess(template, {}, None)
    except TemplateError:
        return
    result = inside.render([HELLO])[0]
    assert isinstance(result, TemplateError) or result == ""


def test_the_helper_writes_the_same_text(family, formats):
    source = formats[family].template
    variables = {"bos_token": "<s>", "eos_token": "</s>"}
    jobs = [
        Job([{"role": "user", "content": "Hello 😀"}], True),
        Job([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "שלום"}]),
        Job([{"role": "assistant", "content": "wrong way round"}]),
    ]
    inside, helper = InProcess(source, variables, None), HelperProcess(source, variables, None)
    assert [str(text) for text in helper.render(jobs)] == [str(text) for text in inside.render(jobs)]
    helper.close()


def test_one_process_serves_many_renderings():
    before = _helpers()
    helper = HelperProcess("{{ messages[0]['content'] }}", {}, None)
    assert {str(helper.render([HELLO])[0]) for _ in range(50)} == {"Hello"}
    assert len(_helpers() - before) == 1
    helper.close()
    assert not _helpers() - before


def test_the_process_ends_with_its_owner():
    before = _helpers()
    helper = HelperProcess("{{ messages[0]['content'] }}", {}, None)
    helper.render([HELLO])
    started = _helpers() - before
    assert started
    del helper
    gc.collect()
    assert not _helpers() & started


def test_a_process_that_was_killed_is_replaced():
    before = _helpers()
    helper = HelperProcess("{{ messages[0]['content'] }}", {}, None)
    helper.render([HELLO])
    for number in _helpers() - before:
        psutil.Process(number).kill()
    with pytest.raises(ModelError, match="ended the process"):
        helper.render([HELLO])
    assert helper.render([HELLO]) == ["Hello"]
    helper.close()


def test_an_invalid_template_is_told_from_a_greedy_one():
    with pytest.raises(ModelError, match="broken"):
        renderer("{% if %}", {})


def test_known_templates_are_rendered_inside(formats):
    for family in FAMILIES:
        assert is_known(formats[family].template), family
    assert isinstance(renderer((TEMPLATES / "chatml.jinja").read_text(encoding="utf-8"), {}), InProcess)
    other = renderer("{{ messages[0]['content'] }} ", {})
    assert isinstance(other, HelperProcess)
    other.close()


def test_line_ends_do_not_make_a_template_unknown():
    source = (TEMPLATES / "chatml.jinja").read_text(encoding="utf-8")
    assert fingerprint(source.replace("\n", "\r\n")) == fingerprint(source)


def test_the_list_of_known_templates_is_well_formed():
    assert len(sandbox._known()) >= len(FAMILIES)
    assert all(len(entry) == 64 and set(entry) <= set("0123456789abcdef") for entry in sandbox._known())


@pytest.mark.skipif(not (paths.starter_model() / "tokenizer.json").exists(), reason="no starter model here")
def test_the_starters_template_is_known():
    prompt_format = PromptFormat.load(paths.starter_model())
    assert prompt_format.has_own_template
    assert is_known(prompt_format.template)


def test_the_date_can_be_held_still():
    day = datetime(2026, 2, 3)
    source = "{{ strftime_now('%d %B %Y') }}"
    helper = HelperProcess(source, {}, day)
    assert InProcess(source, {}, day).render([HELLO]) == helper.render([HELLO]) == ["03 February 2026"]
    helper.close()


def _helpers() -> set[int]:
    found = set()
    for process in psutil.Process().children():
        try:
            if "core.prompt.render" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
        except psutil.NoSuchProcess:
            continue
    return found
