"""The wheel, installed into an environment of its own, works from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


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
    """No test goes to the network, so what the wheel depends on is lent from here; pip says whether it is enough."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True, symlinks=os.name != "nt")
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (site,) = environment.rglob("site-packages")
    # Packages that are installed for being edited are found through files that Python reads in its own folder alone.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    done = subprocess.run([*pip, "check"], capture_output=True, text=True, check=False)
    assert "tunesmith" not in done.stdout.lower(), done.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app").mkdir()  # folders with our packages' names must not be taken for them
    (elsewhere / "core").mkdir()
    # Of the environment of this test run nothing may help.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    clean["TUNESMITH_HOME"] = str(tmp_path / "home")
    where = [str(programs / "python"), "-c", "import core; print(core.__file__)"]
    done = subprocess.run(where, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert Path(done.stdout.strip()).is_relative_to(site), done.stdout + done.stderr
    doctor = [str(programs / "tunesmith"), "doctor", "--json"]
    done = subprocess.run(doctor, cwd=elsewhere, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["ok"]
    new = [str(programs / "tunesmith"), "new", "letters", "--sample", "--json"]
    done = subprocess.run(new, cwd=elsewhere, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "letters" / "project.toml").is_file()
