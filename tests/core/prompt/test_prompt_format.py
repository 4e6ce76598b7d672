"""What is trained is what is shown: text, tokens and mask of every family against Transformers' own tokenizers."""

from __future__ import annotations

import json

import pytest
from families import save
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dataset.example import Example, Turn
from core.errors import ModelError, PromptError
from core.prompt.format import PromptFormat

FLAT = Example(instruction="Write to the customer.", input="The parcel is late.", output="Dear customer, we are sorry.")
TALK = Example(
    instruction="And of Spain?",
    output="Madrid.",
    history=(Turn("user", "What is the capital of France?"), Turn("assistant", "The capital is Paris.")),
)
TEXTS = [
    "  spaces around  ",
    "שלום עולם, مرحبا بالعالم",
    "👩‍👩‍👧 family 🇫🇷 flag, e\u0301 combined, ﬁ ligature",
    "tabs\tand\r\nline ends\n\n\n",
    "日本語のテキスト",
    "\u200b\ufeff\u2028 invisible",
    "\U000f0001 private \U00100002",
    "{{ 7 * 7 }} {% raw %} {# not a template #}",
]
OUTSIDE_TEMPLATES = "".join(chr(c) for c in range(0x20, 0x7F))


def learnt(encoded):
    return [token for token, supervised in zip(encoded.ids, encoded.supervised, strict=True) if supervised]


def check_whole(prompt_format, reference, example):
    """Everything that holds for every example of every family."""
    encoded = prompt_format.encode(example)
    expected = reference.apply_chat_template(example.messages(), tokenize=False)
    assert encoded.text.startswith(expected)
    assert encoded.text[len(expected) :] in ("", reference.eos_token)
    assert "".join(encoded.texts) == encoded.text
    assert len(encoded.ids) == len(encoded.supervised) == len(encoded.roles) == len(encoded.texts)
    prompt = prompt_format.encode_prompt(example)
    assert encoded.ids[: len(prompt)] == prompt
    last = max(at for at, supervised in enumerate(encoded.supervised) if supervised)
    assert encoded.ids[last] in prompt_format.end_ids
    assert all(encoded.supervised[len(prompt) : last + 1])
    assert set(encoded.roles) <= {"system", "user", "assistant", "template"}
    return encoded


@pytest.mark.parametrize("example", [FLAT, TALK])
def test_text_and_tokens_are_those_of_transformers(family, formats, references, example):
    encoded = check_whole(formats[family], references[family], example)
    expected = references[family].apply_chat_template(example.messages(), tokenize=True, return_dict=False)
    if family == "alpaca":
        expected = [*expected, references[family].eos_token_id]  # its template ends an answer with nothing
    assert encoded.ids == expected
    prompt = references[family].apply_chat_template(
        example.prompt_messages(), tokenize=True, return_dict=False, add_generation_prompt=True
    )
    assert formats[family].encode_prompt(example) == prompt


@pytest.mark.parametrize("text", TEXTS)
def test_any_writing_works(family, formats, references, text):
    check_whole(formats[family], references[family], Example(instruction=text, input=text, output=text))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60),
    st.text(alphabet=OUTSIDE_TEMPLATES, max_size=60),
    st.sampled_from(["<|im_end|>", "</s>", "<eos>", "<think>", "</think>", "[INST]", ""]),
)
def test_any_text_whatever(family, formats, references, instruction, output, control):
    check_whole(
        formats[family], references[family], Example(instruction=instruction + control, output=control + output)
    )


def test_only_the_answer_and_its_end_are_learnt(formats):
    expected = {
        "chatml": "Dear customer, we are sorry.<|im_end|>",
        "llama3": "Dear customer, we are sorry.<|eot_id|>",
        "mistral": " Dear customer, we are sorry.</s>",
        "gemma": "Dear customer, we are sorry.<end_of_turn>",
        "alpaca": "Dear customer, we are sorry.</s>",
        "base": "Dear customer, we are sorry.</s>",
        "thinking": "<think>\n\n</think>\n\nDear customer, we are sorry.<|im_end|>",
    }
    for family, text in expected.items():
        encoded = formats[family].encode(FLAT)
        shown = "".join(share for share, learn in zip(encoded.texts, encoded.supervised, strict=True) if learn)
        assert shown == text, family


def test_all_answers_of_a_conversation_are_learnt(formats):
    for family in ("chatml", "llama3", "mistral", "gemma", "base"):
        text = formats[family].decode(learnt(formats[family].encode(TALK)), skip_special=False)
        assert "The capital is Paris." in text, family
        assert "Madrid." in text, family
        assert "Spain" not in text, family


def test_each_answer_ends_with_its_end_token(formats):
    encoded = formats["chatml"].encode(TALK)
    assert learnt(encoded).count(formats["chatml"].end_ids[0]) == 2


def test_an_earlier_answer_that_the_template_rewrites_is_not_learnt(formats, references):
    thought = "<think>\nNear Germany.\n</think>\n\nThe capital is Paris."
    talk = Example(
        instruction="And of Spain?",
        output="<think>\nSouth.\n</think>\n\nMadrid.",
        history=(Turn("user", "The capital of France?"), Turn("assistant", thought)),
    )
    encoded = check_whole(formats["thinking"], references["thinking"], talk)
    shown = "".join(share for share, learn in zip(encoded.texts, encoded.supervised, strict=True) if learn)
    assert shown == "<think>\nSouth.\n</think>\n\nMadrid.<|im_end|>"
    assert "Near Germany" not in encoded.text


def test_thinking_blocks_that_the_template_reads_become_its_tokens(formats):
    encoded = formats["thinking"].encode(Example(instruction="Hi", output="<think>\nHm.\n</think>\n\nHello"))
    assert "<think>" in encoded.texts
    assert "</think>" in encoded.texts


def test_roles_say_whose_words_they_are(formats):
    encoded = formats["chatml"].encode(Example(system="Be brief.", instruction="Hello", output="Good evening"))
    words = dict.fromkeys(("system", "user", "assistant", "template"), "")
    for role, share in zip(encoded.roles, encoded.texts, strict=True):
        words[role] += share
    assert words["system"] == "Be brief."
    assert words["user"] == "Hello"
    assert words["assistant"] == "Good evening"
    assert "<|im_end|>" in words["template"]


def test_the_same_words_in_two_messages_keep_their_roles(formats):
    encoded = formats["mistral"].encode(Example(system="user", instruction="user", output="user"))
    found = [role for role, share in zip(encoded.roles, encoded.texts, strict=True) if role != "template"]
    assert list(dict.fromkeys(found)) == ["system", "user", "assistant"]


def test_the_beginning_of_text_is_there_once(formats):
    for family, bos in (("llama3", "<|begin_of_text|>"), ("mistral", "<s>"), ("gemma", "<bos>"), ("base", "<s>")):
        encoded = formats[family].encode(FLAT)
        assert encoded.texts[0] == bos, family
        assert encoded.ids.count(encoded.ids[0]) == 1, family


def test_a_base_model_without_a_template_gets_alpaca_text(formats):
    base = formats["base"]
    assert not base.has_own_template
    text = base.render(FLAT.messages())
    assert text.startswith("<s>Below is an instruction that describes a task.")
    assert text.endswith("### Response:\nDear customer, we are sorry.</s>")
    assert base.render([{"role": "system", "content": "Be brief."}, *FLAT.messages()]).startswith("<s>Be brief.\n\n###")


def test_an_empty_answer_still_ends(family, formats, references):
    check_whole(formats[family], references[family], Example(instruction="Hello"))


def test_an_empty_example_can_be_shown(family, formats, references):
    check_whole(formats[family], references[family], Example())


def test_very_long_texts_work(family, formats):
    example = Example(instruction="word " * 20_000, output="</s> " * 200 + "x" * 20_000)
    encoded = formats[family].encode(example)
    assert len(encoded.text) > 100_000
    assert encoded.ids[: len(formats[family].encode_prompt(example))] == formats[family].encode_prompt(example)


def test_tokens_that_join_over_the_prompts_end_are_kept_apart(formats):
    # "### Response:\n" and an answer that begins with a line break share a token when they are read at once.
    example = Example(instruction="Hello", output="\n\nGood evening")
    chatml = formats["chatml"]
    prompt = chatml.encode_prompt(example)
    encoded = chatml.encode(example)
    assert encoded.ids[: len(prompt)] == prompt
    assert chatml.decode(learnt(encoded)) == "\n\nGood evening"


def chatml_that_begins_answers_with(opening, *, end="<|im_end|>\n", last=""):
    """ChatML with a generation prompt that the finished conversation does not have, and a last token of its own."""
    template = (
        "{%- for m in messages -%}{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + END -}}{%- endfor -%}"
        "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' + OPENING -}}"
        "{%- else -%}{{- LAST -}}{%- endif -%}"
    )
    return template.replace("END -", f"{end!r} -").replace("OPENING", repr(opening)).replace("LAST", repr(last))


@pytest.mark.parametrize(
    ("opening", "learnt_text"),
    [
        ("<think>\n\n</think>\n\n", "Good evening<|im_end|>"),  # told not to think
        ("<think>\n", "\n</think>\n\nGood evening<|im_end|>"),  # told to think: the thought is closed
        ("<think>", "\n\n</think>\n\nGood evening<|im_end|>"),
    ],
)
def test_an_answer_goes_on_where_the_prompt_ends(tmp_path, opening, learnt_text):
    template = chatml_that_begins_answers_with(opening)
    prompt_format = PromptFormat.load(save(tmp_path / "model", "chatml", template))
    example = Example(instruction="Hello", output="Good evening")
    encoded = prompt_format.encode(example)
    assert "".join(encoded.texts) == encoded.text
    assert encoded.text.startswith(prompt_format.render(example.prompt_messages(), add_generation_prompt=True))
    prompt = prompt_format.encode_prompt(example)
    assert encoded.ids[: len(prompt)] == prompt
    assert prompt_format.decode(learnt(encoded), skip_special=False) == learnt_text


def test_an_earlier_answer_is_learnt_though_only_the_last_one_ends_the_text(tmp_path):
    template = chatml_that_begins_answers_with("", last="<|endoftext|>")
    prompt_format = PromptFormat.load(save(tmp_path / "model", "chatml", template))
    text = prompt_format.decode(learnt(prompt_format.encode(TALK)), skip_special=False)
    assert text == "The capital is Paris.<|im_end|>Madrid.<|im_end|>"


def test_a_prompt_that_is_not_how_the_conversation_goes_on_is_refused(tmp_path):
    template = chatml_that_begins_answers_with("My reasons are these:")
    prompt_format = PromptFormat.load(save(tmp_path / "model", "chatml", template))
    with pytest.raises(PromptError, match="does not suit training") as caught:
        prompt_format.encode(FLAT)
    assert "'My reasons are these:'" in caught.value.reason


def test_where_a_template_forgets_the_system_prompt_the_prompt_counts(formats):
    # Mistral's writes the system prompt only before the last message, which in training is the answer.
    example = Example(system="Be brief.", instruction="Hello", output="Good evening </s> to you")
    encoded = formats["mistral"].encode(example)
    assert encoded.text == "<s>[INST] Be brief.\n\nHello[/INST] Good evening </s> to you</s>"
    assert encoded.ids.count(formats["mistral"].end_ids[0]) == 1
    prompt = formats["mistral"].encode_prompt(example)
    assert encoded.ids[: len(prompt)] == prompt
    assert sum(encoded.supervised) == len(encoded.ids) - len(prompt)


def test_a_template_that_refuses_says_why(formats):
    with pytest.raises(PromptError, match="System role not supported"):
        formats["gemma"].encode(Example(system="Be brief.", instruction="Hello", output="Hi"))


def test_half_a_character_is_refused_in_words(formats):
    with pytest.raises(PromptError, match="damaged character"):
        formats["chatml"].encode(Example(instruction="Hello \ud800", output="Hi"))


def test_decoding_leaves_out_ends_and_specials(formats):
    for family in ("chatml", "llama3", "gemma", "base"):
        encoded = formats[family].encode(FLAT)
        assert formats[family].decode(learnt(encoded)) == "Dear customer, we are sorry."


def test_counting_takes_text_as_text(formats):
    assert formats["chatml"].count("") == 0
    assert formats["chatml"].count("<|im_end|>") > 1


def test_ends_and_padding(formats):
    def literal(family, token):
        return formats[family].decode([token], skip_special=False)

    assert [literal("gemma", token) for token in formats["gemma"].end_ids] == ["<end_of_turn>", "<eos>"]
    assert literal("gemma", formats["gemma"].pad_id) == "<pad>"
    assert formats["llama3"].pad_id in formats["llama3"].end_ids


def test_generation_config_names_further_ends(tmp_path):
    folder = save(tmp_path / "model", "chatml")
    first = PromptFormat.load(folder).end_ids
    (folder / "generation_config.json").write_text('{"eos_token_id": [0, 5, 999999, -1, "x"]}', encoding="utf-8")
    assert PromptFormat.load(folder).end_ids == (*first, 0, 5)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tokenizer.json", None, "has no tokenizer"),
        ("tokenizer.json", "{}", "tokenizer.json cannot be used"),
        ("tokenizer.json", "not json", "tokenizer.json cannot be used"),
        ("tokenizer_config.json", "[1]", "tokenizer_config.json cannot be used"),
        ("tokenizer_config.json", "[" * 100_000, "tokenizer_config.json cannot be used"),
        ("chat_template.jinja", "{% for m in %}", "template of the base model is broken"),
        ("chat_template.jinja", "x" * 1_100_000, "chat_template.jinja cannot be used"),
    ],
)
def test_broken_folders_are_refused_in_words(tmp_path, name, content, words):
    folder = save(tmp_path / "model", "chatml")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=words):
        PromptFormat.load(folder)


def test_a_model_that_names_no_end_is_refused(tmp_path):
    folder = save(tmp_path / "model", "chatml", "{% for m in messages %}{{ m['content'] }}\n{% endfor %}")
    (folder / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="which token ends an answer"):
        PromptFormat.load(folder)


def test_the_template_may_stand_in_the_configuration(tmp_path):
    folder = save(tmp_path / "model", "chatml")
    source = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    (folder / "chat_template.jinja").unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    for entry in (source, [{"name": "default", "template": source}, {"name": "tool_use", "template": "x"}]):
        (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": entry}), encoding="utf-8")
        assert PromptFormat.load(folder).template == source


def test_a_saved_format_is_the_same_in_transformers_and_here(family, formats, tmp_path):
    from transformers import AutoTokenizer

    formats[family].save(tmp_path)
    again, reference = PromptFormat.load(tmp_path), AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert again.encode(FLAT) == formats[family].encode(FLAT)
    assert again.end_ids == formats[family].end_ids
    assert reference.apply_chat_template(FLAT.messages(), tokenize=False) == formats[family].render(FLAT.messages())
    prompt = reference.apply_chat_template(
        FLAT.prompt_messages(), add_generation_prompt=True, tokenize=True, return_dict=False
    )
    assert prompt == formats[family].encode_prompt(FLAT)


def test_the_tokenizer_file_counts_not_what_its_class_would_make_of_it(tmp_path):
    # Transformers' Qwen2 class replaces the pre-tokenizer of tokenizer.json by its own.
    from tokenizers import Tokenizer, pre_tokenizers
    from transformers import AutoTokenizer

    folder = save(tmp_path / "model", "chatml")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    config["tokenizer_class"] = "Qwen2Tokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    example = Example(instruction="It isn't 1234  here.", output="He'll be late.")
    prompt_format = PromptFormat.load(folder)
    text = prompt_format.render(example.messages())
    assert prompt_format.encode(example).ids == tokenizer.encode(text, add_special_tokens=False).ids
    changed = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert changed.backend_tokenizer.to_str() != tokenizer.to_str()
    prompt_format.save(folder)
    kept = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert kept(text, add_special_tokens=False)["input_ids"] == prompt_format.encode(example).ids
