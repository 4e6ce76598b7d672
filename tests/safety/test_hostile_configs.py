"""Rule S2: hostile config.json and tokenizer_config.json are refused in words or harmless, at once, in little room."""

import json
import shutil
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from core import paths
from core.base_models.config import harmless_values
from core.base_models.facts import ModelFacts
from core.errors import UserError
from core.prompt.format import PromptFormat

SECONDS = 1.0  # of this process's own time
MEGABYTES = 100
CODE = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model", "AutoTokenizer": ["evil.Slow", "evil.Fast"]}
STARTER = json.loads((paths.starter_model() / "config.json").read_text(encoding="utf-8"))
TOKENIZER = json.loads((paths.starter_model() / "tokenizer_config.json").read_text(encoding="utf-8"))


def config(**changes: object) -> bytes:
    return json.dumps({**STARTER, **changes}).encode()


def tokenizer(**changes: object) -> bytes:
    return json.dumps({**TOKENIZER, **changes}).encode()


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
REFUSED = {
    "own code": config(model_type="evil", auto_map=CODE),
    "own code, no type": config(model_type=None, auto_map=CODE),
    "own code, a list for a type": config(model_type=["llama"], auto_map=CODE),
    "layers": config(num_hidden_layers=200_000),
    "layers, other name": config(num_hidden_layers=None, n_layer=10**9),
    "negative layers": config(num_hidden_layers=-1),
    "half a layer": config(num_hidden_layers=1.5),
    "layers in words": config(num_hidden_layers="many"),
    "layers of a truth": config(num_hidden_layers=True),
    "width": config(hidden_size=10**8),
    "width in a part": config(text_config={**STARTER, "hidden_size": 10**8}),
    "vocabulary": config(vocab_size=10**12),
    "context": config(max_position_embeddings=10**18),
    "inner width": config(intermediate_size=10**12),
    "inner width of an image part": config(vision_config={"intermediate_size": 10**12}),
    "heads": config(num_attention_heads=10**7),
    "heads of each layer": config(num_key_value_heads=[2, 10**7]),
    "head width": config(head_dim=2**40),
    "experts": config(num_experts=10**6),
    "quantised": config(quantization_config={"quant_method": "evil"}),
    "not for text": config(architectures=["EvilForImages"]),
    "a long name": config(architectures=["X" * 10_000 + "ForCausalLM"]),
    "a name with control characters": config(architectures=["Evil\n\x1b[31mForCausalLM"]),
    "architectures is a word": config(architectures="LlamaForCausalLM"),
    "architectures of numbers": config(architectures=[1]),
    "no object": b"[]",
    "nothing": b"",
    "not JSON": b"{'a': 1}",
    "half": config()[:100],
    "not UTF-8": b'{"a": "\xff"}',
    "deep": DEEP,
    "deep in a part": config(text_config=json.loads('{"a":' * 50 + "1" + "}" * 50)),
    "a number of 100,000 digits": b'{"num_hidden_layers": ' + b"9" * 100_000 + b"}",
    "huge": b'{"a": "' + b"x" * (17 << 20) + b'"}',
}
HARMLESS = {
    "known type with own code": config(auto_map=CODE),
    "kernels": config(_attn_implementation="evil/kernel", attn_implementation="evil/kernel"),
    "inner kernels": config(_attn_implementation_internal="evil/kernel", _experts_implementation="evil/kernel"),
    "kernels in a part": config(text_config={**STARTER, "attn_implementation": "evil/kernel", "auto_map": CODE}),
    "megatron": config(megatron_core="evil", megatron_config={"a": 1}),
    "another name": config(_name_or_path="evil/model", name_or_path="../../etc", custom_generate="evil/generate"),
    "a tokenizer class": config(tokenizer_class="EvilTokenizer", custom_pipelines={"evil": {"impl": "evil.py"}}),
    "trust": config(trust_remote_code=True),
}
TOKENIZER_REFUSED = {
    "no object": b"[]",
    "deep": DEEP,
    "huge": b'{"a": "' + b"x" * (17 << 20) + b'"}',
    "broken template": tokenizer(chat_template="{% for"),
}
TOKENIZER_HARMLESS = {
    "own code": tokenizer(auto_map=CODE, tokenizer_class="EvilTokenizer", trust_remote_code=True),
    "tokens of all kinds": tokenizer(eos_token=5, pad_token=["x"], unk_token={"content": 7}),
    "a million added tokens": tokenizer(added_tokens_decoder={str(n): {"content": f"<{n}>"} for n in range(150_000)}),
    "templates of all kinds": tokenizer(chat_template=[{"name": 1, "template": []}, "x", None]),
    "added tokens are no tokens": tokenizer(added_tokens_decoder={"x": 1, "-1": [], "9" * 30: {"content": ""}}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(paths.starter_model(), tmp_path / "model")
    (tmp_path / "model" / "chat_template.jinja").unlink()
    (tmp_path / "model" / "evil.py").write_text("import os; os._exit(99)", encoding="utf-8")
    return tmp_path / "model"


def look(folder: Path) -> None:
    """What the window does with a model folder."""
    ModelFacts.read(folder)
    harmless_values(folder)
    PromptFormat.load(folder).close()


def looked_at(folder: Path) -> None:
    """Look twice: once by the clock of this process, and once with its memory watched, which is slow."""
    began = time.process_time()
    with suppress(UserError):
        look(folder)
    assert time.process_time() - began < SECONDS
    tracemalloc.start()
    try:
        look(folder)
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < MEGABYTES * 1000**2


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_config_is_refused_in_words(folder: Path, case: str) -> None:
    (folder / "config.json").write_bytes(REFUSED[case])
    with pytest.raises(UserError) as raised:
        looked_at(folder)
    assert raised.value.title
    assert raised.value.reason
    assert len(str(raised.value)) < 1500
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("case", HARMLESS)
def test_what_names_code_is_never_passed_on(folder: Path, case: str) -> None:
    (folder / "config.json").write_bytes(HARMLESS[case])
    looked_at(folder)
    told = json.dumps(harmless_values(folder))
    assert "evil" not in told.lower()
    assert "trust_remote_code" not in told


@pytest.mark.parametrize("case", TOKENIZER_REFUSED)
def test_a_hostile_tokenizer_config_is_refused_in_words(folder: Path, case: str) -> None:
    (folder / "tokenizer_config.json").write_bytes(TOKENIZER_REFUSED[case])
    with pytest.raises(UserError) as raised:
        looked_at(folder)
    assert raised.value.title


@pytest.mark.parametrize("case", TOKENIZER_HARMLESS)
def test_an_odd_tokenizer_config_is_harmless(folder: Path, case: str) -> None:
    (folder / "tokenizer_config.json").write_bytes(TOKENIZER_HARMLESS[case])
    looked_at(folder)


def test_there_are_forty_of_them() -> None:
    assert len(REFUSED) + len(HARMLESS) + len(TOKENIZER_REFUSED) + len(TOKENIZER_HARMLESS) >= 40


def test_a_tokenizer_of_a_gigabyte_is_refused_unread(folder: Path) -> None:
    with (folder / "tokenizer.json").open("ab") as file:
        file.truncate(1 << 30)
    with pytest.raises(UserError, match=r"tokenizer\.json") as raised:
        looked_at(folder)
    assert "larger than" in raised.value.reason


def test_an_adapter_beside_a_model_leads_nowhere(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "evil/model"}', encoding="utf-8")
    with pytest.raises(UserError, match="holds an adapter"):
        ModelFacts.read(folder)
