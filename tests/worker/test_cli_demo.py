"""The demo, whole and with the shipped sample and model: what ``tunesmith demo`` promises."""

import json
import os
import subprocess
import sys

import pytest
from safetensors import safe_open

from core import paths
from core.runs.folder import RunFolder, State

pytestmark = pytest.mark.slow


def test_the_demo_teaches_the_voice_and_hands_over_a_verified_adapter(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "core", "demo", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(paths.package_root()), os.environ["PYTHONPATH"]))},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    keys = {"project", "run", "loss_first", "loss_last", "style_rate_before", "style_rate_after"}
    assert keys | {"adapter", "verified", "seconds"} <= set(result)
    assert result["project"] == str(tmp_path / "tunesmith-demo")
    assert result["verified"] is True
    assert result["style_rate_before"] <= 0.1
    assert result["style_rate_after"] >= 0.7
    assert result["loss_last"] < result["loss_first"] / 4
    run = RunFolder(tmp_path / "tunesmith-demo" / "runs" / result["run"])
    assert run.progress().state is State.FINISHED
    assert (run.path / "loss.png").read_bytes().startswith(b"\x89PNG")
    with safe_open(os.path.join(result["adapter"], "adapter_model.safetensors"), framework="numpy") as adapter:
        assert any("lora_B" in name for name in adapter.keys())  # noqa: SIM118 - not a dictionary
