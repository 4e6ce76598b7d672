"""A run that is packed here, trained elsewhere by two processes, and brought back, as its README says."""

import subprocess
import sys
import zipfile

import pytest

from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs import bundle, folder
from core.runs.adopting import adopt
from core.runs.events import Started
from core.runs.folder import State
from core.runs.process import worker_environment

pytestmark = pytest.mark.slow


def test_there_and_back(tmp_path, tiny_model, tiny_examples):
    changes = {"model.base": str(tiny_model), "training.epochs": 1, "training.batch_size": 8, "lora.rank": 4}
    run = folder.create(
        tmp_path / "runs",
        name="away",
        recipe=with_settings(Recipe(), changes),
        train=tiny_examples[:32],
        heldout=tiny_examples[32:],
    )
    bundle.pack(run, tmp_path / "run.zip", with_model=True)
    there = tmp_path / "there"
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(there)

    readme = (there / "README.md").read_text(encoding="utf-8")
    command = f"python -m torch.distributed.run --standalone --nproc-per-node 4 -m core.worker train {run.name}"
    assert command in readme
    environment = {name: value for name, value in worker_environment().items() if name != "PYTHONPATH"}
    words = command.replace("-node 4", "-node 2").split()[1:]
    with open(
        there / "log.txt", "wb"
    ) as log:  # the program's core that came along does it: nothing else is on the path
        code = subprocess.call([sys.executable, *words], cwd=there, env=environment, stdout=log, stderr=log)
    assert code == 0, (there / "log.txt").read_text(encoding="utf-8")[-3000:]

    pack = ["-m", "zipfile", "-c", "result.zip", "bundle.json", run.name]
    assert " ".join(pack) in readme
    subprocess.run([sys.executable, *pack], cwd=there, check=True)
    assert adopt(run.path.parent, there / "result.zip").is_merged
    assert run.progress().state is State.FINISHED
    assert "2 processes" in next(event.device for event in run.events() if isinstance(event, Started))
    assert (run.adapter / "adapter_model.safetensors").exists()
