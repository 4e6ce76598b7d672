"""The wheel, installed into an empty environment as a user would, works from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OFFLINE = ("Failed to establish a new connection", "Temporary failure in name resolution", "Name or service not known")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_doctor_of_an_installed_wheel_is_content(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True, symlinks=os.name != "nt")
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pins = ["-c", str(ROOT / "requirements.lock"), *_torch_index(str(programs / "python"))]
    done = subprocess.run([*pip, *pins, str(wheel)], capture_output=True, text=True, check=False)
    if done.returncode != 0 and any(words in done.stderr for words in OFFLINE):
        pytest.skip("pip has no network here")
    assert done.returncode == 0, done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app").mkdir()  # folders with our packages' names must not be taken for them
    (elsewhere / "core").mkdir()
    # Of the environment of this test run nothing may help.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    clean["TUNESMITH_HOME"] = str(tmp_path / "home")
    doctor = [str(programs / "tunesmith"), "doctor", "--json"]
    done = subprocess.run(doctor, cwd=elsewhere, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["ok"]
    new = [str(programs / "tunesmith"), "new", "letters", "--sample", "--json"]
    done = subprocess.run(new, cwd=elsewhere, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "letters" / "project.toml").is_file()


def _torch_index(python: str) -> list[str]:
    """What run.py would add, so that no CUDA build of gigabytes is fetched for a test."""
    code = f"import runpy, json; print(json.dumps(runpy.run_path({str(ROOT / 'run.py')!r})['torch_index']({python!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
