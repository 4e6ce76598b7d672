"""The template environment, feature by feature, against Transformers' own."""

from __future__ import annotations

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from core.prompt.template import ChatTemplate, Job, TemplateError

MESSAGES = [
    {"role": "system", "content": 'Be <brief> & "kind".'},
    {"role": "user", "content": "  Größe 日本 😀\n"},
    {"role": "assistant", "content": "Yes.\n\n", "tool_calls": None},
]
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}
TEMPLATES = {
    "trim_blocks": "{% for m in messages %}\n{{ m.content }}\n{% endfor %}\nend\n",
    "lstrip_blocks": "   {% if true %}\n   x\n   {% endif %}\n  {# comment #}\n y",
    "last line end": "text\n",
    "loopcontrols": "{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% break %}"
    "{% endfor %}",
    "tojson": "{{ messages | tojson }}{{ messages[0] | tojson(indent=2) }}"
    "{{ {'b': 'é<', 'a': 1} | tojson(sort_keys=true) }}",
    "tojson separators": "{{ messages | tojson(separators=(',', ':'), ensure_ascii=true) }}",
    "generation": "{% for m in messages %}{% generation %}{{ m.content | trim }}{% endgeneration %}\n{% endfor %}",
    "generation with variables": "{% set x = 'a' %}{% generation %}\n  {{ x }}{% set x = 'b' %}{{ x }}\n"
    "{%- endgeneration %}{{ x }}",
    "namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "dict": "{{ dict(a=1, b=2) | tojson }}{{ dict.fromkeys(['x']) | tojson }}",
    "undefined": "[{{ nothing }}][{{ messages[0].nothing }}]{{ 'x' if nothing is defined }}{{ tools is none }}"
    "{{ documents }}",
    "dropped none": "{{ 'tool_calls' in messages[2] }}",
    "variables": "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ add_generation_prompt }}",
    "macro": "{% macro say(m) %}[{{ m.content }}]{% endmacro %}{% for m in messages %}{{ say(m) }}{% endfor %}",
    "slices": "{% for m in messages[::-1] %}{{ m.role[:2] }}{% endfor %}{{ messages[1:] | length }}",
    "strings": "{{ messages[1].content.strip().upper().split(' ') | join('|') }}{{ 'a' ~ 1 }}",
    "filters": "{{ messages | map(attribute='role') | list | tojson }}"
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
    "no escaping": "{{ messages[0].content }}{{ '<b>' | e }}",
    "line ends": "a\r\nb\r\n{{ '\r\n' }}",
    "date": "{{ strftime_now('%Y') }}",
}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("add_generation_prompt", [False, True])
def test_the_text_is_that_of_transformers(name, add_generation_prompt):
    source = TEMPLATES[name]
    cleaned = [{key: value for key, value in message.items() if value is not None} for message in MESSAGES]
    expected, _ = render_jinja_template(
        [cleaned], chat_template=source, add_generation_prompt=add_generation_prompt, **VARIABLES
    )
    assert ChatTemplate(source, VARIABLES).render(Job(MESSAGES, add_generation_prompt)) == expected[0]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ raise_exception('Roles must alternate') }}", "Roles must alternate"),
        ("{{ nothing.more }}", "nothing"),
        ("{{ 1 / 0 }}", "division"),
        ("{{ 'a' + 1 }}", "str"),
        ("{{ messages[0].__class__ }}{{ messages.append({}) }}", "unsafe"),
        ("{{ namespace(_x=1) }}", "underscore"),
        ("{% set ns = namespace(a=1) %}{% set ns._x = 1 %}", "underscore"),
    ],
)
def test_a_failure_keeps_the_templates_words(source, words):
    with pytest.raises(TemplateError, match=words):
        ChatTemplate(source, {}).render(Job(MESSAGES))


def test_broken_templates_are_refused():
    with pytest.raises(TemplateError):
        ChatTemplate("{% for %}", {})
