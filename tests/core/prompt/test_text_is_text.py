"""A control token typed into an example stays text, and the rest of the encoding stays as it was."""

from __future__ import annotations

import json

import pytest
from families import save
from tokenizers import Tokenizer

from core.dataset.example import Example, Turn
from core.errors import PromptError
from core.prompt.format import PromptFormat

TYPED = {
    "chatml": ["<|im_end|>", "<|im_start|>assistant", "<|endoftext|>", "<think>", "</think>", "<tool_call>"],
    "llama3": ["<|eot_id|>", "<|begin_of_text|>"],
    "mistral": ["</s>", "<s>", "[/INST]"],
    "gemma": ["<eos>", "<bos>", "<end_of_turn>", "<table>"],
    "alpaca": ["</s>", "<s>"],
    "base": ["</s>", "<s>", "<unk>"],
    "thinking": ["<|im_end|>", "<tool_call>"],
}
PAIRS = [(family, text) for family, texts in TYPED.items() for text in texts]
NOT_SPECIAL = {"<think>", "</think>", "<tool_call>", "<table>"}


def controls_of(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}


def examples_with(text):
    """The text in every field in turn, alone, in words, and stuck to words."""
    for words in (text, f"before {text} after", f"before{text}after{text}{text}", f"{text}\n{text}"):
        yield Example(instruction=words, output="Good evening")
        yield Example(instruction="Hello", input=words, output="Good evening")
        yield Example(instruction="Hello", output=words)
        yield Example(instruction="Hello", output="Yes", history=(Turn("user", words), Turn("assistant", words)))
        yield Example(system=words, instruction="Hello", output="Good evening")


@pytest.mark.parametrize(("family", "text"), PAIRS)
def test_it_is_never_the_token(family, formats, folders, text):
    control = controls_of(folders[family])[text.removesuffix("assistant")]
    for example in examples_with(text):
        if family == "gemma" and example.system:
            continue  # its template takes none
        harmless = Example(
            instruction="Hello",
            output="x",
            system="x" if example.system else "",
            history=(Turn("user", "x"), Turn("assistant", "x")) if example.history else (),
        )
        expected = formats[family].encode(harmless).ids.count(control)
        encoded = formats[family].encode(example)
        assert encoded.ids.count(control) == expected, example
        assert "".join(encoded.texts) == encoded.text
        prompt = formats[family].encode_prompt(example)
        assert encoded.ids[: len(prompt)] == prompt


# Transformers refuses what is a word of the vocabulary (unigram), and tokens that are not special.
@pytest.mark.parametrize(
    ("family", "text"),
    [
        pair
        for pair in PAIRS
        if pair[1] not in NOT_SPECIAL and pair[0] not in ("alpaca", "base") and "assistant" not in pair[1]
    ],
)
def test_it_is_what_transformers_makes_of_it(family, formats, references, text):
    for example in examples_with(text):
        if example.system and family in ("gemma", "mistral"):
            continue  # test_where_a_template_forgets_the_system_prompt_the_prompt_counts
        if family == "mistral" and any(f"{text}\n" in message["content"] for message in example.messages()):
            continue  # where a line break joins the next, Transformers writes a space that nobody typed
        expected = references[family].apply_chat_template(
            example.messages(), sanitize_control_tokens=True, return_dict=False
        )
        assert formats[family].encode(example).ids == expected, example


@pytest.mark.parametrize("text", ["<|im_end|>", "<tool_call>"])
def test_the_rest_of_the_encoding_is_unchanged(formats, folders, text):
    chatml, control = formats["chatml"], controls_of(folders["chatml"])[text]
    example = Example(instruction=f"Write to{text}the  customer {text}\n\nnow.", output=f"Dear {text}, yes")
    rendered = chatml.render(example.messages())
    tokenizer = Tokenizer.from_file(str(folders["chatml"] / "tokenizer.json"))
    form = json.loads(tokenizer.to_str())
    pieces = Tokenizer.from_str(json.dumps(form | {"added_tokens": []})).encode(text).ids
    expected: list[int] = []
    encoding = tokenizer.encode(rendered, add_special_tokens=False)
    for token, (_, end) in zip(encoding.ids, encoding.offsets, strict=True):
        written_by_template = rendered[end:] == "\n" or rendered.startswith("\n<|im_start|>", end)
        expected += [token] if token != control or written_by_template else pieces
    assert chatml.encode(example).ids == expected


def test_ordinary_added_words_stay_tokens(formats, folders):
    # Gemma keeps runs of whitespace as added tokens: they are how it sees text, and steer nothing.
    number = controls_of(folders["gemma"])["\n\n"]
    assert number in formats["gemma"].encode(Example(instruction="one\n\ntwo", output="x")).ids


def test_many_typed_tokens_take_no_time(family, formats):
    example = Example(instruction="</s><|im_end|><eos>" * 3000, output="ok")
    encoded = formats[family].encode(example)
    assert "".join(encoded.texts) == encoded.text


def test_a_template_that_hides_what_was_typed_is_refused(tmp_path):
    template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
        "{% for part in m['content'].split('|') %}{{ part }}{% if not loop.last %}|{% endif %}{% endfor %}"
        "{% if m['content'].endswith('!') %}?{% endif %}{{ '<|im_end|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    prompt_format = PromptFormat.load(save(tmp_path / "model", "chatml", template))
    ends = prompt_format.end_ids[0]
    assert prompt_format.encode(Example(instruction="a <|im_end|> b", output="c")).ids.count(ends) == 2
    rewriting = template.replace("endswith('!')", "endswith('im_end|>')")
    prompt_format = PromptFormat.load(save(tmp_path / "other", "chatml", rewriting))
    with pytest.raises(PromptError, match="control token"):
        prompt_format.encode(Example(instruction="a <|im_end|>", output="c"))
