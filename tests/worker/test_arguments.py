"""Every schedule and every optimizer takes steps, goes where it says, and is taken up again exactly."""

import copy
import itertools
from typing import get_args

import pytest
import torch
from torch import nn
from transformers import Trainer
from transformers.trainer_utils import SchedulerType
from transformers.training_args import OptimizerNames

from core.recipe.choices import FLOORED, OPTIMIZERS, SCHEDULES, Optimizer, Schedule
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.folder import RunFolder
from core.worker.arguments import training_arguments
from core.worker.device import Device

CPU = Device("cpu", "CPU")
# What else has to be installed for them, or another kind of machine.
NEED_MORE = {
    *("adamw_torch_xla", "adamw_torch_npu_fused", "adamw_anyprecision", "adamw_torch_4bit", "adamw_torch_8bit"),
    *("lomo", "adalomo", "grokadamw", "stable_adamw", "apollo_adamw", "apollo_adamw_layerwise"),
    *(name.value for name in OptimizerNames if name.value.startswith(("galore", "schedule_free"))),
}
STEPS = 20


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.weight = nn.Parameter(torch.randn(96, 96, generator=generator) * 0.1)

    def forward(self, x):
        return {"loss": ((x @ self.weight - 1) ** 2).mean()}


class Measured(Trainer):
    """Remembers the learning rates; its held-out loss never falls."""

    def training_step(self, *args, **kwargs):
        self.rates = [*getattr(self, "rates", []), self.optimizer.param_groups[0]["lr"]]
        return super().training_step(*args, **kwargs)

    def evaluate(self, *_, **__):
        self.control.should_evaluate = False
        return {"eval_loss": 1.0}


def trainer(tmp_path, **settings):
    recipe = with_settings(Recipe(), {name.replace("__", "."): value for name, value in settings.items()})
    args = training_arguments(RunFolder(tmp_path), recipe, CPU, STEPS)
    args.eval_strategy, args.eval_steps = "steps", 1
    generator = torch.Generator().manual_seed(2)
    data = [{"x": torch.randn(96, generator=generator)} for _ in range(64)]
    return Measured(Line(), args, train_dataset=data, eval_dataset=data[:1])


def test_the_lists_are_those_of_transformers():
    assert set(get_args(Schedule)) == {name.value for name in SchedulerType} == set(SCHEDULES)
    alias = {"adamw_bnb_8bit"}
    assert set(get_args(Optimizer)) - {"auto"} == {name.value for name in OptimizerNames} - NEED_MORE - alias
    assert set(OPTIMIZERS) == set(get_args(Optimizer))


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_every_schedule_goes_where_it_says(tmp_path, schedule):
    made = trainer(tmp_path, training__schedule=schedule, training__learning_rate=1e-3, training__epochs=10)
    made.train()
    rates = made.rates
    assert len(rates) == STEPS
    assert max(rates) <= 1e-3 * (1 + 1e-9)
    last = made.optimizer.param_groups[0]["lr"]
    if schedule.startswith("constant"):
        assert last == pytest.approx(1e-3)
    elif schedule in FLOORED:
        assert last == pytest.approx(1e-4, rel=0.1 if schedule != "greedy" else 9)
        assert last < 1e-3
    elif schedule != "inverse_sqrt":
        assert last == pytest.approx(0, abs=1e-9)
    if schedule == "cosine_with_restarts":
        rises = sum(after > before for before, after in itertools.pairwise(rates[5:]))
        assert rises == 2


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
def test_every_optimizer_learns_and_is_taken_up_again_exactly(tmp_path, optimizer):
    changes = {"training__optimizer": optimizer, "training__learning_rate": 1e-3, "training__schedule": "constant"}
    made = trainer(tmp_path, **changes)
    made.create_optimizer_and_scheduler(STEPS)
    first = made.optimizer

    def steps(model, optimizer, count):
        losses = []
        x = torch.randn(64, 96, generator=torch.Generator().manual_seed(3))
        for _ in range(count):
            loss = model(x)["loss"]
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss.detach()))
        return losses

    losses = steps(made.model, first, 6)
    assert losses[-1] < losses[0]
    torch.save(first.state_dict(), tmp_path / "optimizer.pt")
    again = trainer(tmp_path, **changes)
    again.model.load_state_dict(copy.deepcopy(made.model.state_dict()))
    again.create_optimizer_and_scheduler(STEPS)
    again.optimizer.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    assert steps(again.model, again.optimizer, 3) == steps(made.model, first, 3)
    assert torch.equal(again.model.weight, made.model.weight)


def test_automatic_is_paged_8_bit_on_cuda_and_plain_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    assert training_arguments(RunFolder(tmp_path), Recipe(), CPU, 9).optim == "adamw_torch"
