"""Rule S4: offline unless the user asks for a download, whatever the environment says."""

import ast
import subprocess
import sys

import pytest

from core import paths
from core.base_models.hub.environment import ENVIRONMENT
from core.runs.process import worker_environment

ROOT = paths.package_root()
# The only rooms that may go to the network, each in a process of its own that starts on a click or a command.
ONLINE = ("core/base_models/hub/", "core/worker/datasets_reader.py")
AMONG_OWN = ("core/worker/ranks.py",)  # several training processes of one run speak with each other
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")
NETWORK = {"requests", "httpx", "httpx2", "urllib3", "aiohttp", "huggingface_hub", "socket", "ftplib", "smtplib"}


def test_a_worker_is_offline_and_without_tokens_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFFLINE:
        monkeypatch.setenv(name, "0")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.setenv(name, "hf_something")
    environment = worker_environment()
    assert {environment[name] for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")} == {
        "1"
    }
    assert "hf_something" not in environment.values()


def test_the_hubs_process_tells_nothing_of_the_user() -> None:
    assert ENVIRONMENT["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert ENVIRONMENT["HF_HUB_DISABLE_IMPLICIT_TOKEN"] == "1"


def test_nothing_else_can_reach_the_network() -> None:
    found = []
    for path in sorted(file for room in ("app", "core") for file in (ROOT / room).rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        if where.startswith(ONLINE) or where in AMONG_OWN:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            else:
                continue
            found += [f"{where}: {name}" for name in names if name.partition(".")[0] in NETWORK or "urllib.req" in name]
    assert found == []


def test_the_client_of_the_hub_is_not_loaded_by_what_asks_it() -> None:
    code = "import sys, core.base_models.hub.jobs, core.cli.main; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
