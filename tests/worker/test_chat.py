"""One model process answers for the base model and any adapter, streamed, one after another; its end is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading

import psutil
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from core import paths
from core.dataset.example import Example
from core.errors import ModelError, UserError
from core.evaluation.answers import answer, compare
from core.generation.client import ModelProcess, ProcessState
from core.prompt.format import PromptFormat
from core.recipe.schema import ModelSettings
from core.runs.process import worker_environment
from core.worker import device
from core.worker.model import load_base

QUESTION = Example(instruction="Say what the animal says.", input="The dog number 3")


@pytest.fixture(scope="module")
def process(tiny_model):
    with ModelProcess(str(tiny_model), ModelSettings(base=str(tiny_model))) as process:
        yield process


@pytest.fixture(scope="module")
def clean(tiny_model):
    """Answers of the plain libraries, token by token, without a model process."""
    place = device.choose()
    device.prepare(place)
    prompt_format = PromptFormat.load(tiny_model)

    def ids(example, adapter=None, tokens=24):
        model = load_base(tiny_model, ModelSettings(base=str(tiny_model)), place)
        if adapter is not None:
            model = PeftModel.from_pretrained(model, adapter)
        row = prompt_format.encode_prompt(example)
        for _ in range(tokens):
            with torch.no_grad():
                row.append(int(model(input_ids=torch.tensor([row])).logits[0, -1].argmax()))
            if row[-1] in prompt_format.end_ids:
                break
        return row[len(prompt_format.encode_prompt(example)) :]

    def text(example, adapter=None, tokens=24):
        return prompt_format.decode(ids(example, adapter, tokens))

    return text


def said(process, example=QUESTION, adapter=None, tokens=24, **options):
    return "".join(t.text for t in process.generate(example, adapter=adapter, max_new_tokens=tokens, **options))


def test_base_and_adapter_answer_as_the_plain_libraries_do(process, trained_run, clean):
    base, adapted = clean(QUESTION), clean(QUESTION, trained_run.adapter)
    assert base != adapted
    assert said(process) == base
    assert said(process, adapter=trained_run.adapter) == adapted
    assert said(process) == base, "the base model is the base model again, after an adapter was on it"


def test_several_adapters_share_one_base_model(process, make_trained, clean, trained_run):
    others = [make_trained(seed=seed) for seed in range(20, 25)]
    answers = [said(process, adapter=run.adapter) for run in others]
    assert len(set(answers)) > 1
    for run, text in zip(others, answers, strict=True):
        assert said(process, adapter=run.adapter) == text == clean(QUESTION, run.adapter)
    assert said(process) == clean(QUESTION)


def test_an_adapter_that_was_trained_on_is_loaded_anew(process, make_trained, tmp_path):
    run, newer = make_trained(seed=30), make_trained(seed=31)
    adapter = tmp_path / "adapter"
    shutil.copytree(run.adapter, adapter)
    before = said(process, adapter=adapter)
    shutil.rmtree(adapter)
    shutil.copytree(newer.adapter, adapter)
    assert said(process, adapter=adapter) == said(process, adapter=newer.adapter) != before


def test_the_last_piece_carries_the_numbers(process):
    pieces = list(process.generate(QUESTION, adapter=None, max_new_tokens=7))
    assert len(pieces) > 2, "it comes in pieces, not at once"
    assert [piece.end for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert (pieces[-1].tokens, pieces[-1].end) == (7, "length")
    assert pieces[-1].seconds > 0


def test_messages_are_asked_like_an_example(process):
    example = Example(system="Be brief.", instruction="Say what the animal says.")
    assert said(process, example.prompt_messages()) == said(process, example)


def test_a_temperature_draws_by_the_seed(process):
    first, same, other = (said(process, temperature=1.5, seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_an_answer_ends_before_a_stop_word(process):
    whole = said(process)
    assert len(whole) > 6
    stop = whole[3:6]
    *pieces, last = process.generate(QUESTION, max_new_tokens=24, stop=("never said", stop))
    assert "".join(piece.text for piece in pieces) + last.text == whole[: whole.find(stop)]
    assert last.end == "stop"
    assert last.tokens < 24
    assert said(process, stop=("never said",)) == whole


def test_the_question_s_tokens_are_counted(process, tiny_model):
    *_, last = process.generate(QUESTION, max_new_tokens=3)
    assert last.prompt_tokens == len(PromptFormat.load(tiny_model).encode_prompt(QUESTION))


def test_sampling_settings_do_what_the_plain_library_does(process, tiny_model):
    """The same settings given to Transformers' own ``generate``, on a model of its own."""
    place = device.choose()
    device.prepare(place)
    model = load_base(tiny_model, ModelSettings(base=str(tiny_model)), place)
    prompt_format = PromptFormat.load(tiny_model)
    row = torch.tensor([prompt_format.encode_prompt(QUESTION)])

    def plain(**settings):
        torch.manual_seed(9)
        answer = model.generate(
            input_ids=row,
            attention_mask=torch.ones_like(row),
            max_new_tokens=24,
            eos_token_id=list(prompt_format.end_ids),
            pad_token_id=prompt_format.pad_id,
            **settings,
        )
        return prompt_format.decode(answer[0, row.shape[1] :].tolist())

    drawn = {"temperature": 1.2, "top_k": 0, "top_p": 1.0, "do_sample": True}
    answers = set()
    for changes in ({}, {"top_k": 5}, {"top_p": 0.3}, {"min_p": 0.6}, {"repetition_penalty": 1.8}):
        text = said(process, temperature=1.2, seed=9, **changes)
        assert text == plain(**drawn | changes), changes
        answers.add(text)
    assert len(answers) >= 4, "each of them matters"
    greedy = said(process, repetition_penalty=1.8)
    assert greedy == plain(do_sample=False, repetition_penalty=1.8) != said(process)


def test_a_question_can_be_written_with_another_chat_template(process, tiny_model):
    own = said(process)
    *_, last = process.generate(QUESTION, max_new_tokens=24, template="zephyr")
    assert last.prompt_tokens == len(PromptFormat.load(tiny_model, template="zephyr").encode_prompt(QUESTION))
    written = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    assert said(process, template=written) == said(process, template=written) != own
    with pytest.raises(UserError):
        said(process, template="{{ nonsense")
    assert said(process) == said(process, template="") == own


def test_a_base_model_with_a_broken_template_answers_with_another(tiny_model, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(tiny_model, folder)
    for name in ("chat_template.jinja", "tokenizer_config.json"):
        if (folder / name).exists():
            config = json.loads((folder / name).read_text()) if name.endswith(".json") else None
            text = json.dumps({**config, "chat_template": "{% if"}) if config is not None else "{% if"
            (folder / name).write_text(text)
    with ModelProcess(str(folder), ModelSettings(base=str(folder))) as process:
        assert said(process, template="chatml")
        with pytest.raises(UserError, match="template"):
            said(process)


def test_weighted_adapters_answer_side_by_side_on_one_base(process, make_trained, trained_run, clean):
    other = make_trained(seed=24)
    base, first = clean(QUESTION), clean(QUESTION, trained_run.adapter)
    mixes = [said(process, adapters=[(trained_run.adapter, w), (other.adapter, 1 - w)]) for w in (1.0, 0.5, 0.0)]
    assert mixes[0] == first
    assert mixes[2] == clean(QUESTION, other.adapter)
    assert len(set(mixes)) == 3
    assert said(process, adapters=[(trained_run.adapter, 0.0)]) == said(process) == base


def test_an_answer_can_be_cancelled_in_the_middle(process):
    pieces = []
    for piece in process.generate(QUESTION, adapter=None, max_new_tokens=400, temperature=1.0):
        pieces.append(piece)
        if len(pieces) == 5:
            process.cancel()
    assert pieces[-1].end == "cancelled"
    assert pieces[-1].tokens < 300
    assert said(process), "the next answer comes as ever"


def test_leaving_the_loop_cancels_and_the_next_answer_is_whole(process, clean):
    stream = process.generate(QUESTION, adapter=None, max_new_tokens=400, temperature=1.0, seed=3)
    next(stream)
    stream.close()
    assert said(process) == clean(QUESTION)


def test_answers_asked_for_at_once_come_one_after_another(process, trained_run, clean):
    found = {}

    def ask(name, adapter):
        found[name] = said(process, adapter=adapter)

    threads = [threading.Thread(target=ask, args=pair) for pair in (("base", None), ("run", trained_run.adapter))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"base": clean(QUESTION), "run": clean(QUESTION, trained_run.adapter)}


def test_a_question_longer_than_the_context_is_refused_in_words(process):
    with pytest.raises(ModelError, match="too long") as caught:
        said(process, Example(instruction="dog " * 600))
    assert "512" in caught.value.reason
    assert said(process)


def test_an_answer_ends_where_the_context_does(process):
    long = Example(instruction="The dog " * 110)
    *_, last = process.generate(long, adapter=None, max_new_tokens=5000, temperature=1.0, seed=4)
    assert last.end in ("length", "end")
    assert last.tokens < 512


def test_half_a_character_in_a_question_ends_nothing(process):
    broken = Example(instruction="half a character: \ud83d")
    assert said(process, broken) == said(process, Example(instruction="half a character: ?"))


def _with_weights(run, folder, change):
    shutil.copytree(run.adapter, folder)
    (folder / "SHA256SUMS").unlink()
    weights = load_file(folder / "adapter_model.safetensors")
    change(weights)
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def test_adapters_that_do_not_fit_are_refused_and_leave_no_trace(process, trained_run, tmp_path, clean):
    def shorten(weights):
        name = next(iter(weights))
        weights[name] = weights[name][:, :-1].contiguous()

    def add(weights):
        weights["base_model.model.lm_head.lora_A.weight"] = torch.zeros(4, 64)

    def lose(weights):
        del weights[next(iter(weights))]

    for name, change in {"shorter": shorten, "more": add, "less": lose}.items():
        folder = _with_weights(trained_run, tmp_path / name, change)
        with pytest.raises(ModelError, match="does not fit"):
            said(process, adapter=folder)
    with pytest.raises(ModelError, match="no adapter"):
        said(process, adapter=tmp_path)
    assert said(process) == clean(QUESTION)


def test_a_flipped_byte_in_an_adapter_is_noticed(process, trained_run, tmp_path):
    folder = tmp_path / "adapter"
    shutil.copytree(trained_run.adapter, folder)
    file = folder / "adapter_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        said(process, adapter=folder)


def test_pairs_of_answers_for_examples(process, trained_run, tiny_examples, clean):
    seen = []
    pairs = compare(
        process, tiny_examples[:2], trained_run.adapter, max_new_tokens=24, progress=lambda *p: seen.append(p)
    )
    assert seen == [(1, 2), (2, 2)]
    for pair in pairs:
        assert pair.base.text == clean(pair.example).strip()
        assert pair.adapter.text == clean(pair.example, trained_run.adapter).strip()
        assert pair.adapter.tokens > 0
    assert answer(process, tiny_examples[0], adapter=None, max_new_tokens=24).text == pairs[0].base.text


def test_a_base_model_that_is_not_there_is_told_as_such(tmp_path):
    process = ModelProcess(str(tmp_path / "nowhere"), ModelSettings())
    with pytest.raises(ModelError, match="nowhere") as caught:
        said(process)
    assert caught.value.hint
    assert process.state is ProcessState.ENDED
    assert not process.alive


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_process_is_told_with_its_log_and_can_be_started_again(tiny_model, tmp_path):
    log = tmp_path / "logs" / "model.txt"
    process = ModelProcess(str(tiny_model), ModelSettings(base=str(tiny_model)), log=log)
    assert process.state is ProcessState.NEW
    process.start()
    assert process.state is ProcessState.STARTING
    process.wait_until_ready()
    assert process.state is ProcessState.READY
    assert process.device
    stream = process.generate(QUESTION, adapter=None, max_new_tokens=400, temperature=1.0)
    next(stream)
    os.kill(process.pid, signal.SIGSEGV)
    with pytest.raises(UserError, match="ended unexpectedly") as caught:
        for _ in stream:
            pass
    assert "SIGSEGV" in caught.value.reason
    assert "Segmentation fault" in caught.value.details, "faulthandler's words are in the log"
    assert not process.alive
    with pytest.raises(UserError, match="ended unexpectedly"):
        said(process)
    process.start()
    assert said(process)
    process.close()
    assert process.state is ProcessState.ENDED
    with pytest.raises(UserError, match="was closed"):
        said(process)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_ends_with_its_parent(tiny_model, tmp_path):
    """The parent is killed without a word; the process must not stay behind."""
    code = (
        "import sys\n"
        "from core.generation.client import ModelProcess\n"
        "from core.recipe.schema import ModelSettings\n"
        "process = ModelProcess(sys.argv[1], ModelSettings(base=sys.argv[1]))\n"
        "process.wait_until_ready()\n"
        "print(process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tiny_model)],
        cwd=paths.package_root(),
        env={**worker_environment(), "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = psutil.Process(int(parent.stdout.readline()))
    with open(f"/proc/{worker.pid}/environ", "rb") as file:
        environment = file.read()
    assert b"HF_HUB_OFFLINE=1" in environment
    assert os.readlink(f"/proc/{worker.pid}/fd/0") == "/dev/null"
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    gone, _ = psutil.wait_procs([worker], timeout=10)
    assert gone or not worker.is_running()
