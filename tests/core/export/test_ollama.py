"""A chat template in Ollama's words writes the very same, or is refused."""

import pytest

from core import paths
from core.errors import ModelError, PromptError
from core.export.ollama import go_template
from core.export.ollama.modelfile import model_name, modelfile
from core.export.ollama.template import translate
from core.prompt.template import ChatTemplate, Job, TemplateError

DATA = paths.package_root() / "tests" / "data" / "templates"
SHIPPED = paths.resources() / "templates"
KNOWN = [
    *sorted(DATA.glob("*.jinja")),
    *sorted(SHIPPED.glob("*.jinja")),
    paths.resources() / "starter-model" / "chat_template.jinja",
]
# A date before the system prompt, as Llama 3.1 has it, and the system prompt in the user's first message (Llama 2).
DATED = (
    "{{ bos_token }}<H>system</H>Today is Monday.{% if messages[0].role == 'system' %}{{ messages[0].content }}"
    "{% set messages = messages[1:] %}{% endif %}<E>{% for m in messages %}<H>{{ m.role }}</H>{{ m.content }}<E>"
    "{% endfor %}{% if add_generation_prompt %}<H>assistant</H>{% endif %}"
)
FIRST = (
    "{% if messages[0].role == 'system' %}{% set system = '<<SYS>>' + messages[0].content + '<</SYS>>' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}{% for m in messages %}"
    "{% if m.role == 'user' %}[INST] {% if loop.index0 == 0 %}{{ system }}{% endif %}{{ m.content }} [/INST]"
    "{% else %} {{ m.content }} {{ eos_token }}{% endif %}{% endfor %}"
)


def renderer(source):
    template = ChatTemplate(source, {"bos_token": "<s>", "eos_token": "</s>"})

    def render(messages):
        try:
            return template.render(Job(messages, True))
        except TemplateError as error:
            raise PromptError("It refuses.", reason=str(error)) from error

    return render


def turns(*contents, system=""):
    roles = ("user", "assistant")
    said = [{"role": roles[at % 2], "content": content} for at, content in enumerate(contents)]
    return [{"role": "system", "content": system}, *said] if system else said


@pytest.mark.parametrize(
    "source", [*KNOWN, DATED, FIRST], ids=[*(f"{file.parent.name}-{file.stem}" for file in KNOWN), "dated", "first"]
)
def test_a_translation_writes_what_the_template_writes(source):
    render = renderer(source if isinstance(source, str) else source.read_text(encoding="utf-8"))
    found = translate(render, beginning="<s>")
    assert found.system == (source != DATA / "gemma.jinja")
    for messages in (
        turns("Was ist 2 + 2?"),
        turns("a {{ b }} }} c", "d\n\ne", 'f "g"'),
        turns("a", "b", "c", "d", "e", system="Be a {{ pirate }}.") if found.system else turns("a", "b", "c", "d", "e"),
    ):
        assert go_template.render(found.text, messages) == render(messages).removeprefix("<s>")


def test_a_beginning_that_the_reader_does_not_write_stays():
    found = translate(renderer((DATA / "llama3.jinja").read_text(encoding="utf-8")), beginning="")
    assert go_template.render(found.text, turns("a")).startswith("<s>")


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{% for m in messages %}{% if loop.index0 % 4 == 2 %}!{% endif %}<{{ m.content }}>{% endfor %}",
        "{{ messages[-1].content }}",
        "{% for m in messages %}{{ m.content | length }}{{ m.content }}{% endfor %}",
        "{{ raise_exception('no') }}",
    ],
)
def test_a_template_that_does_more_than_to_write_messages_is_refused(source):
    with pytest.raises(ModelError, match="cannot be translated for Ollama") as caught:
        translate(renderer(source), beginning="")
    assert caught.value.reason
    assert "LM Studio" in caught.value.hint


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a {{ .System }} b", "a S b"),
        ("a {{- .System -}} b", "aSb"),
        ('{{ "{{" }}{{ "a\\nb" }}', "{{a\nb"),
        ("{{ if .System }}1{{ else }}2{{ end }}", "1"),
        ('{{ if not .System }}1{{ else if eq .System "S" }}2{{ else }}3{{ end }}', "2"),
        (
            "{{ range $i, $_ := .Messages }}{{ if ne $i 0 }}, {{ end }}{{ .Role }}={{ .Content }}{{ end }}",
            "system=S, user=U",
        ),
        ("{{ range $i, $_ := .Messages }}{{ len (slice $.Messages $i) }}{{ end }}", "21"),
        ("{{ $a := true }}{{ if and $a $.System }}1{{ end }}{{ $a = false }}{{ if or $a .System }}2{{ end }}", "12"),
    ],
)
def test_go_templates_are_rendered_as_go_does(template, expected):
    assert (
        go_template.render(template, [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]) == expected
    )


def test_a_go_template_with_something_unknown_is_no_guess():
    for template in ("{{ printf 1 }}", "{{ if true }}"):
        with pytest.raises(ValueError, match=r"known|ended"):
            go_template.render(template, [])


def test_a_modelfile_says_all_that_the_model_needs():
    text = modelfile(
        "./model.gguf", "{{ .System }}\n", stops=["<end>", "<end>", 'a"b'], context=100_000, system="Be brief."
    )
    assert text.splitlines() == [
        *("FROM ./model.gguf", 'TEMPLATE """{{ .System }}', '"""', 'SYSTEM """Be brief."""'),
        *('PARAMETER stop "<end>"', "PARAMETER num_ctx 8192"),
    ]
    both = modelfile("llama3.2", "a", stops=[], context=512, adapter="./lora.gguf")
    assert both.splitlines() == ["FROM llama3.2", "ADAPTER ./lora.gguf", 'TEMPLATE """a"""', "PARAMETER num_ctx 512"]
    with pytest.raises(ModelError):
        modelfile("./model.gguf", 'a"""b', stops=[], context=1)
    assert [model_name(name) for name in ("Größe #1: Cats", "数据")] == ["gr-e-1-cats", "tuned-model"]
