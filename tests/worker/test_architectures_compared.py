"""Losses and answers of a comparison, for every architecture that packs and for one that does not."""

from types import SimpleNamespace

import pytest
import torch
from test_exactness import MODELS
from torch import nn
from transformers import GenerationConfig, MambaConfig, MambaForCausalLM

from core.worker.batch_answers import AnswerWriter, Asked
from core.worker.batches import Tokens
from core.worker.measuring import Measurer

VOCABULARY = 97
ALL = {
    **MODELS,
    "mamba": lambda: MambaForCausalLM(
        MambaConfig(vocab_size=VOCABULARY, hidden_size=32, state_size=8, num_hidden_layers=2)
    ),
}
FORMAT = SimpleNamespace(end_ids=(5, 6), pad_id=0)


@pytest.fixture(params=ALL)
def model(request):
    torch.manual_seed(3)
    model = ALL[request.param]().eval()
    model.generation_config = GenerationConfig()
    for parameter in model.parameters():  # far from alike, so that a token seen too many shows
        parameter.data.mul_(3)
    return model


def ids(length, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(7, VOCABULARY, (length,), generator=generator).tolist()


def test_losses_are_those_of_each_example_alone(model):
    examples = [ids(length, length) for length in (30, 12, 19, 8, 25)]
    supervised = [[at >= len(one) // 2 for at in range(len(one))] for one in examples]
    found: list[float] = []
    measurer = Measurer(model)
    with measurer.ready():
        measurer.losses([Tokens(*pair) for pair in zip(examples, supervised, strict=True)], found.extend)
    for one, mask, loss in zip(examples, supervised, found, strict=True):
        row = torch.tensor([one])
        with torch.no_grad():
            logits = model(input_ids=row).logits[0, :-1].float()
        each = nn.functional.cross_entropy(logits, row[0, 1:], reduction="none")
        assert loss == pytest.approx(float(each[torch.tensor(mask[1:])].sum()), rel=1e-4)


def test_answers_are_those_of_each_question_alone(model):
    questions = [Asked(ids(length, 50 + length), 12) for length in (9, 17, 5, 11, 14)]
    writer = AnswerWriter(model, FORMAT)
    first, second = writer.write("base", questions), writer.write("base", questions[::-1])[::-1]
    for question, one, other in zip(questions, first, second, strict=True):
        row = list(question.ids)
        while len(row) < len(question.ids) + question.longest and (row[-1] not in FORMAT.end_ids):
            with torch.no_grad():
                row.append(int(model(input_ids=torch.tensor([row])).logits[0, -1].argmax()))
        assert one.ids == other.ids == tuple(row[len(question.ids) :])
