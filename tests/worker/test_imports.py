"""What a lean process leaves out, and that it comes when it is needed after all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.process import worker_environment
from core.worker.imports import StandIn

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch._inductor", "torch.distributed.tensor._api", "sympy", "datasets.arrow_dataset", "pandas.core"}


def run(program: str, **environment: str) -> str:
    surroundings = worker_environment() | {"PYTHONPATH": str(ROOT)} | environment
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=surroundings, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.slow
def test_the_training_modules_come_without_what_no_run_needs_and_compiling_still_works() -> None:
    found = run(
        "import json, sys\n"
        "from core.worker.imports import import_lean\n"
        "import_lean()\n"
        "import core.worker.train, core.worker.answering\n"
        "print(json.dumps(sorted(sys.modules)))\n"
        "import torch\n"
        "double = torch.compile(lambda x: 2 * x, backend='eager')\n"
        "assert double(torch.ones(3)).sum() == 6\n"
        "assert isinstance(torch.compile(torch.nn.Linear(2, 2), backend='eager'),"
        " torch._dynamo.eval_frame.OptimizedModule)\n"
        "from torch.distributed.tensor import Shard, DTensor\n"
        "assert DTensor.__module__ == 'torch.distributed.tensor'\n"
    )
    loaded = set(json.loads(found))
    assert "core.worker.loop" in loaded
    assert not HEAVY & loaded


@pytest.mark.slow
def test_one_of_several_processes_gets_everything() -> None:
    program = (
        "import sys\n"
        "from core.worker.imports import import_lean\n"
        "import_lean()\n"
        "assert 'torch' not in sys.modules and 'datasets' not in sys.modules\n"
    )
    run(program, RANK="0")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that notes what of it is imported."""
    folder = tmp_path / "bakery"
    (folder / "oven").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "oven" / "__init__.py").write_text("heat = 200\nclass Bread: pass\n")
    (folder / "oven" / "door.py").write_text("handle = 'iron'\n")
    (folder / "shop.py").write_text("from bakery.oven import Bread\n")
    monkeypatch.syspath_prepend(tmp_path)
    import bakery

    yield bakery
    for name in [name for name in sys.modules if name.partition(".")[0] == "bakery"]:
        del sys.modules[name]


def test_a_stand_in_answers_what_it_knows_and_leaves_when_asked_for_more(package) -> None:
    nothing = type("Nothing", (), {})
    StandIn(package, "oven", {"Bread": nothing}, light={"door"}).take_place()
    from bakery import oven

    assert oven.Bread is nothing
    assert oven.door.handle == "iron"
    assert sys.modules["bakery.oven"] is oven
    assert oven.heat == 200
    assert sys.modules["bakery.oven"] is not oven
    assert oven.Bread is package.oven.Bread is not nothing  # what it said before holds no longer


def test_a_stand_in_has_left_before_a_module_that_needs_the_real_one_is_imported(package) -> None:
    nothing = type("Nothing", (), {})
    finders = list(sys.meta_path)
    StandIn(package, "oven", {"Bread": nothing}, leave_for={"bakery.shop"}).take_place()
    import bakery.shop

    assert bakery.shop.Bread is sys.modules["bakery.oven"].Bread is not nothing
    assert sys.meta_path == finders


def test_no_stand_in_takes_the_place_of_what_is_there(package) -> None:
    import bakery.oven

    StandIn(package, "oven", {"Bread": None}).take_place()
    assert sys.modules["bakery.oven"].Bread is bakery.oven.Bread is not None
