"""A comparison's process: what it measures and writes is what the plain libraries say; it goes on where it was."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from torch import nn

from core.dataset.example import Example, Turn
from core.evaluation import comparison as comparing
from core.evaluation import neutral
from core.evaluation.comparison import Answered, Case, Comparison, LeftOut, System
from core.evaluation.prompting import BestPrompt, with_prompt
from core.evaluation.results import Results
from core.prompt.format import PromptFormat
from core.recipe.schema import ModelSettings
from core.runs.events import Done, Failed, Phase
from core.worker import batch_answers, device, measuring
from core.worker.adapters import Adapters
from core.worker.batch_answers import AnswerWriter
from core.worker.compare import compare
from core.worker.measuring import Measurer
from core.worker.model import load_base

LONG = Example(instruction="Say it.", input="dog " * 700, output="woof!", id=90)
TALK = Example(
    instruction="And this one?",
    input="The cow number 2",
    output="moo!",
    history=(Turn("user", "Say what the dog says."), Turn("assistant", "woof!")),
    id=91,
)


@pytest.fixture(scope="module")
def plain(tiny_model, trained_run):
    """The base model and the base model with the adapter, as plain libraries load them."""
    place = device.choose()
    device.prepare(place)

    def load():
        return load_base(tiny_model, ModelSettings(base=str(tiny_model)), place)

    return {"base": load(), "adapter": PeftModel.from_pretrained(load(), trained_run.adapter).eval()}


@pytest.fixture
def make(tmp_path, tiny_model, tiny_examples, trained_run):
    def make(**changes):
        project = tmp_path / "project"
        adapter = project / "runs" / "0001-animals" / "adapter"
        if not adapter.exists():
            shutil.copytree(trained_run.adapter, adapter)
        shots = [example.frozen() for example in tiny_examples[:2]]
        best = BestPrompt(system="You know animals.", examples=2)
        systems = [
            System(key="base", kind="base", title="Base model"),
            System(key="prompt", kind="prompt", title="Prompt", prompt=best, shots=shots),
            System(key="0001-animals", kind="adapter", title="Animals", folder="runs/0001-animals/adapter"),
        ]
        heldout = [*tiny_examples[32:38], TALK]
        cases = [Case(frozen=example.frozen()) for example in heldout]
        cases += [Case(frozen=example.frozen(), side="train", answered=False) for example in tiny_examples[:9]]
        said = {
            "base": str(tiny_model),
            "model": ModelSettings(base=str(tiny_model)),
            "systems": systems,
            "cases": cases,
            "max_new_tokens": 24,
            **changes,
        }
        project.mkdir(exist_ok=True)
        return comparing.create(project, Comparison(**said))

    return make


def plain_loss(model, prompt_format, example):
    """The cross entropy of the output after the prompt, the slow way."""
    encoded = prompt_format.encode(example)
    start = len(prompt_format.encode_prompt(example))
    ids = torch.tensor([encoded.ids])
    labels = ids.clone()
    labels[0, [not kept or at < start for at, kept in enumerate(encoded.supervised)]] = -100
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, :-1].float()
    targets = int((labels[0, 1:] != -100).sum())
    return float(nn.functional.cross_entropy(logits, labels[0, 1:], reduction="sum")), targets


def plain_answer(model, prompt_format, example, longest):
    row = prompt_format.encode_prompt(example)
    start = len(row)
    while len(row) < start + longest:
        with torch.no_grad():
            row.append(int(model(input_ids=torch.tensor([row])).logits[0, -1].argmax()))
        if row[-1] in prompt_format.end_ids:
            break
    return row[start:]


@pytest.mark.slow
def test_what_is_found_is_what_the_plain_libraries_say(make, plain, tiny_model, tiny_examples):
    folder = make()
    assert compare(folder) == 0
    results = Results(folder)
    assert results.work().is_complete
    assert results.unreadable == 0
    prompt_format = PromptFormat.load(tiny_model)
    prompted = folder.read().system("prompt")
    for case in folder.read().cases:
        example = case.example()
        ways = {
            "base": (plain["base"], example),
            "prompt": (plain["base"], with_prompt(example, prompted.prompt, prompted.shown())),
            "0001-animals": (plain["adapter"], example),
        }
        for key, (model, asked) in ways.items():
            if case.side == "train" and key == "prompt":
                assert (case.id, key) not in results.losses
                continue
            measured = results.losses[case.id, key]
            loss, targets = plain_loss(model, prompt_format, asked)
            assert measured.targets == targets
            assert measured.loss == pytest.approx(loss, rel=1e-5)
            assert ((case.id, key) in results.answers) is case.answered
            if case.answered:
                answer = results.answers[case.id, key]
                ids = plain_answer(model, prompt_format, asked, 24)
                assert answer.text == prompt_format.decode(ids).strip()
                assert answer.tokens == len(ids)
                assert answer.prompt_tokens == len(prompt_format.encode_prompt(asked))
                assert answer.end == ("end" if ids[-1] in prompt_format.end_ids else "length")
                assert answer.shots == (2 if key == "prompt" else 0)
    texts = neutral.texts()
    assert set(results.neutral) == {(key, name) for key in ("base", "0001-animals") for name in texts}
    for key, model in (("base", plain["base"]), ("0001-animals", plain["adapter"])):
        ids = prompt_format.encode_text(texts["story"])
        with torch.no_grad():
            pieces = [torch.tensor([ids[start : start + 512]]) for start in range(0, len(ids), 512)]
            each = [float(model(input_ids=piece, labels=piece).loss) * (piece.shape[1] - 1) for piece in pieces]
        measured = results.neutral[key, "story"]
        assert measured.loss == pytest.approx(sum(each), rel=1e-5)
        assert measured.targets == len(ids) - len(pieces)
    events = folder.job.events()
    assert isinstance(events[-1], Done)
    answering = [event for event in events if isinstance(event, Phase) and event.name == "answering"]
    assert answering[-1].total == 3 * 7


@pytest.mark.slow
def test_it_goes_on_where_it_was(make):
    folder = make()
    assert compare(folder) == 0
    whole = folder.rows_file.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert compare(folder) == 0  # nothing is left to do
    assert folder.rows_file.read_bytes() == whole
    for keep in (0, len(lines) // 3, len(lines) - 5):
        cut = b"".join(lines[:keep]) + lines[keep][:30]  # as a kill leaves it
        folder.rows_file.write_bytes(cut)
        assert compare(folder) == 0
        assert folder.rows_file.read_bytes().startswith(cut + b"\n")
        results = Results(folder)
        assert results.work().is_complete
        assert results.unreadable == 1
        assert _found(folder.rows_file.read_bytes()) == _found(whole)


def _found(rows):
    found = {}
    for line in rows.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        key = tuple(row.get(name) for name in ("type", "example", "system", "text" if row["type"] == "neutral" else ""))
        assert key not in found, "nothing is done twice"
        loss = row.get("loss")
        found[key] = (row.get("text"), row.get("tokens"), row.get("targets"), loss if loss is None else round(loss, 3))
    return found


def test_what_does_not_fit_is_left_out_and_fewer_examples_are_shown(make, tiny_examples, tiny_model):
    shots = [Example(instruction="Say.", input="cat " * 110, output="meow!", id=80 + n).frozen() for n in range(4)]
    prompt = System(key="prompt", kind="prompt", title="P", prompt=BestPrompt(examples=4), shots=shots)
    base = System(key="base", kind="base", title="Base model")
    cases = [Case(frozen=tiny_examples[3].frozen()), Case(frozen=LONG.frozen())]
    folder = make(systems=[base, prompt], cases=cases, neutral=False)
    assert compare(folder) == 0
    results = Results(folder)
    assert results.work().is_complete
    for what in ("answer", "loss"):
        left_out = results.left_out[LONG.id, "base", what]
        assert isinstance(left_out, LeftOut)
        assert "512 tokens" in left_out.reason
    answer = results.answers[tiny_examples[3].id, "prompt"]
    assert 0 < answer.shots < 4
    assert answer.prompt_tokens + answer.tokens <= 512


def test_another_adapter_in_the_same_place_is_refused(make, make_trained, tiny_examples):
    folder = make(neutral=False, cases=[Case(frozen=tiny_examples[3].frozen())])
    comparison = folder.read()
    marked = [
        system.model_copy(update={"sha256": "0" * 64 if system.kind == "adapter" else ""})
        for system in comparison.systems
    ]
    folder.file.write_text(comparison.model_copy(update={"systems": marked}).model_dump_json(), encoding="utf-8")
    assert compare(folder) == 1
    last = folder.job.events()[-1]
    assert isinstance(last, Failed)
    assert last.kind == "refused"
    assert "Animals is another adapter now" in last.message
    assert not folder.rows_file.read_bytes()


def test_a_full_memory_makes_batches_smaller_and_changes_nothing(make, monkeypatch, tiny_examples):
    cases = [Case(frozen=example.frozen()) for example in tiny_examples[32:37]]
    folder, again = make(cases=cases, neutral=False), make(cases=cases, neutral=False)
    assert compare(folder) == 0
    write, row = AnswerWriter._write, Measurer._row
    sizes, lengths = [], []

    def write_few(self, batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise MemoryError
        return write(self, batch)

    def row_of_few(self, packed):
        lengths.append(len(packed.lengths))
        if len(packed.lengths) > 2:
            raise MemoryError
        return row(self, packed)

    monkeypatch.setattr(AnswerWriter, "_write", write_few)
    monkeypatch.setattr(Measurer, "_row", row_of_few)
    assert compare(again) == 0
    assert max(sizes) > 2
    assert max(lengths) > 2
    assert _found(again.rows_file.read_bytes()) == _found(folder.rows_file.read_bytes())


def test_a_memory_too_small_for_one_is_told_and_keeps_what_was_found(make, monkeypatch, tiny_examples):
    folder = make(cases=[Case(frozen=example.frozen()) for example in tiny_examples[32:34]], neutral=False)

    def refuse(self, batch):
        raise MemoryError

    monkeypatch.setattr(AnswerWriter, "_write", refuse)
    assert compare(folder) == 1
    last = folder.job.events()[-1]
    assert isinstance(last, Failed)
    assert last.kind == "out_of_memory"
    assert len(Results(folder).losses) == 2 * 3


def test_a_system_whose_batch_says_something_else_is_asked_one_by_one(plain, tiny_model, tiny_examples, monkeypatch):
    prompt_format = PromptFormat.load(tiny_model)
    writer = AnswerWriter(plain["base"], prompt_format)
    asked = [batch_answers.Asked(prompt_format.encode_prompt(example), 8) for example in tiny_examples[:4]]
    alone = writer.write("base", asked)
    assert all(one.seconds is not None for one in alone)
    together = writer.write("base", asked)
    assert [one.ids for one in together] == [one.ids for one in alone]
    assert all(one.seconds is None for one in together)
    write, sizes = AnswerWriter._write, []

    def differ(self, batch):
        sizes.append(len(batch))
        found = write(self, batch)
        return found if len(batch) == 1 else found[::-1]

    monkeypatch.setattr(AnswerWriter, "_write", differ)
    assert [one.ids for one in writer.write("odd", asked)] == [one.ids for one in alone]
    assert sizes == [1, 1, 1, 1, 4]
    assert [one.ids for one in writer.write("odd", asked)] == [one.ids for one in alone]
    assert sizes[5:] == [1, 1, 1, 1]


def test_models_that_do_not_pack_are_measured_one_by_one(plain, tiny_model, tiny_examples, monkeypatch):
    prompt_format = PromptFormat.load(tiny_model)
    encoded = [prompt_format.encode(example) for example in tiny_examples[:5]]
    tokens = [measuring.Tokens(one.ids, one.supervised) for one in encoded]
    measurer = Measurer(plain["base"])
    together, alone, rows = [], [], []
    with measurer.ready():
        measurer.losses(tokens, together.extend)
    monkeypatch.setattr(measuring, "packs_exactly", lambda model: False)
    with measurer.ready():
        measurer.losses(tokens, lambda found: (rows.append(len(found)), alone.extend(found)))
    assert rows == [1] * 5
    assert alone == pytest.approx(together, rel=1e-5)
    measurer._has_plain_head = False
    with measurer.ready():
        others = []
        measurer.losses(tokens, others.extend)
    assert others == pytest.approx(alone, rel=1e-5)


def test_the_chosen_template_is_used(make, tiny_model, tiny_examples):
    settings = ModelSettings(base=str(tiny_model), chat_template="plain")
    folder = make(model=settings, cases=[Case(frozen=tiny_examples[3].frozen())], neutral=False)
    assert compare(folder) == 0
    prompt_format = PromptFormat.load(tiny_model, template=settings.template)
    asked = prompt_format.encode_prompt(tiny_examples[3])
    assert asked != PromptFormat.load(tiny_model).encode_prompt(tiny_examples[3])
    assert Results(folder).answers[tiny_examples[3].id, "base"].prompt_tokens == len(asked)


@pytest.mark.parametrize(
    "settings",
    [
        {"lora__modules_to_save": ["lm_head"]},
        {"lora__modules_to_save": ["embed_tokens", "norm"]},
        {"lora__use_dora": True},
        {"lora__use_rslora": True, "lora__target_modules": ["q_proj", "down_proj"]},
    ],
)
def test_every_kind_of_adapter_is_measured_as_it_is(tiny_model, make_trained, tiny_examples, settings):
    run = make_trained(seed=70, name="kinds", **settings)
    prompt_format = PromptFormat.load(tiny_model)
    encoded = [prompt_format.encode(example) for example in tiny_examples[:4]]
    model = load_base(tiny_model, ModelSettings(base=str(tiny_model)), device.choose())
    adapters, measurer, found = Adapters(model), Measurer(model), []
    with measurer.ready(), adapters.using(run.adapter):
        measurer.losses([measuring.Tokens(one.ids, one.supervised) for one in encoded], found.extend)
    base = load_base(tiny_model, ModelSettings(base=str(tiny_model)), device.choose())
    plain = PeftModel.from_pretrained(base, run.adapter).eval()
    assert found == pytest.approx([plain_loss(plain, prompt_format, one)[0] for one in tiny_examples[:4]], rel=1e-5)


def test_answers_are_rows_that_can_be_read(make, tiny_examples):
    folder = make(cases=[Case(frozen=tiny_examples[3].frozen())], neutral=False)
    assert compare(folder) == 0
    assert {row.type for row in Results(folder).answers.values()} == {"answer"}
    assert all(isinstance(row, Answered) and row.seconds for row in Results(folder).answers.values())


def test_an_example_that_alone_is_too_much_for_the_memory_is_left_out(make, monkeypatch, tiny_examples):
    whole = make(cases=[Case(frozen=example.frozen()) for example in [*tiny_examples[32:40], TALK]], neutral=False)
    again = make(cases=[Case(frozen=example.frozen()) for example in [TALK, *tiny_examples[32:40]]], neutral=False)
    assert compare(whole) == 0
    write, row = AnswerWriter._write, Measurer._row
    long = [answer.prompt_tokens for (id, _), answer in Results(whole).answers.items() if id == TALK.id]

    def write_short(self, batch):
        if any(len(asked.ids) in long for asked in batch):
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return write(self, batch)

    def row_of_short(self, packed):
        if any(length >= min(long) for length in packed.lengths):
            raise MemoryError
        return row(self, packed)

    monkeypatch.setattr(AnswerWriter, "_write", write_short)
    monkeypatch.setattr(Measurer, "_row", row_of_short)
    assert compare(again) == 0
    found, wanted = Results(again), Results(whole)
    assert found.work().is_complete
    lost = {(id, key) for id, key, what in found.left_out if what == "answer"}
    assert {(TALK.id, system.key) for system in found.comparison.systems} <= lost
    assert all("memory" in left.reason for left in found.left_out.values())
    assert {key: answer.text for key, answer in found.answers.items()} == {
        key: answer.text for key, answer in wanted.answers.items() if key not in lost
    }
    assert found.answers
    assert found.losses.keys() == {key for key in wanted.losses if (*key, "loss") not in found.left_out}


def test_where_nothing_fits_nothing_is_left_out_for_good(make, monkeypatch, tiny_examples):
    folder = make(cases=[Case(frozen=example.frozen()) for example in tiny_examples[32:34]], neutral=False)

    def refuse(self, batch):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(AnswerWriter, "_write", refuse)
        assert compare(folder) == 1
    assert not Results(folder).left_out
    assert compare(folder) == 0
    assert Results(folder).work().is_complete
