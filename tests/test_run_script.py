"""run.py: what it decides, without installing anything."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A fresh copy of the module whose environment lies in a folder of the test."""
    spec = importlib.util.spec_from_file_location("run_script", ROOT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp.json")
    return module


@pytest.fixture
def commands(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run; nothing is."""
    seen: list[list[str]] = []
    monkeypatch.setattr(script, "environment", lambda: ("python", "3.11"))
    monkeypatch.setattr(script, "torch_index", lambda _python: [])
    monkeypatch.setattr(script, "run", lambda command, *_args, **_kwargs: seen.append(command))
    monkeypatch.setattr(script, "hand_over", lambda command, **_kwargs: seen.append(command) or 0)
    monkeypatch.setattr(script, "provide_libraries", lambda *_args, **_kwargs: None)
    return seen


def refuse(*_args: object, **_kwargs: object) -> None:
    raise AssertionError("nothing of the kind may happen here")


def test_it_needs_the_standard_library_alone() -> None:
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_help_installs_nothing() -> None:
    done = subprocess.run([sys.executable, ROOT / "run.py", "--help"], capture_output=True, text=True, check=True)
    assert "python3 run.py demo" in done.stdout


def test_dependencies_are_installed_once(script: ModuleType, commands: list[list[str]]) -> None:
    script.install(dev=False)
    assert len(commands) == 1
    assert "requirements.lock" in commands[0]
    script.install(dev=False)
    assert len(commands) == 1


def test_the_tools_for_tests_are_added_and_stay(script: ModuleType, commands: list[list[str]]) -> None:
    script.install(dev=False)
    script.install(dev=True)
    assert [command[-1] for command in commands] == [".", ".[dev]"]
    script.install(dev=False)
    assert len(commands) == 2


def test_other_pins_are_installed_again(
    script: ModuleType, commands: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.install(dev=True)
    lock = tmp_path / "requirements.lock"
    lock.write_text("torch==9.9.9\n", encoding="utf-8")
    monkeypatch.setattr(script, "LOCK", lock)
    script.install(dev=False)
    assert [command[-1] for command in commands] == [".[dev]", ".[dev]"]


def test_a_failed_installation_is_not_taken_for_a_whole_one(
    script: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise script.Stop("pip failed")

    script.install(dev=False)
    with monkeypatch.context() as patched:
        patched.setattr(script, "run", fail)
        with pytest.raises(script.Stop):
            script.install(dev=True)
    script.install(dev=False)
    assert len(commands) == 2


def test_a_damaged_stamp_means_installing_again(script: ModuleType, commands: list[list[str]]) -> None:
    script.STAMP.write_text("[broken", encoding="utf-8")
    script.install(dev=False)
    assert len(commands) == 1


def test_arguments_are_passed_on(script: ModuleType, commands: list[list[str]]) -> None:
    assert script.main(["demo", "folder", "--json"]) == 0
    assert commands[-1][1:] == ["-P", "-m", "app", "demo", "folder", "--json"]
    assert script.main(["test", "-k", "store"]) == 0
    assert commands[-1][1:] == ["-m", "pytest", "-k", "store"]


def test_setup_only_installs(script: ModuleType, commands: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["setup"]) == 0
    assert len(commands) == 1
    assert script.main(["setup", "--nonsense"]) == 1
    assert "--dev" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "opens"), [([], True), (["demo"], False), (["some/project"], True), (["train", "x"], False)]
)
def test_what_opens_a_window(script: ModuleType, arguments: list[str], opens: bool) -> None:
    assert script.opens_window(arguments) is opens


@pytest.mark.skipif(sys.platform != "linux", reason="about screens of Linux")
def test_without_a_screen_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(script, "install", refuse)
    assert script.main([]) == 1
    told = capsys.readouterr().err
    assert "no screen" in told
    assert "python3 run.py demo" in told


@pytest.fixture
def on_linux(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(script.sys, "platform", "linux")
    return script


def test_missing_libraries_are_installed_as_root(on_linux: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"libEGL.so.1"}
    asked: list[list[str]] = []

    def install(packages: list[str]) -> bool:
        asked.append(packages)
        there.add("libxcb-cursor.so.0")
        return True

    monkeypatch.setattr(on_linux, "loads", lambda name: name in there)
    monkeypatch.setattr(on_linux, "apt_install", install)
    on_linux.provide_libraries({"libEGL.so.1": "libegl1", "libxcb-cursor.so.0": "libxcb-cursor0"}, needed=True)
    assert asked == [["libxcb-cursor0"]]


def test_others_are_told_the_line_to_run(on_linux: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_linux, "loads", lambda _name: False)
    monkeypatch.setattr(on_linux, "apt_install", lambda _packages: False)
    monkeypatch.setattr(on_linux.shutil, "which", lambda name: name if name == "apt-get" else None)
    with pytest.raises(on_linux.Stop) as caught:
        on_linux.provide_libraries({"libEGL.so.1": "libegl1"}, needed=True)
    assert "libEGL.so.1" in str(caught.value)
    assert "sudo apt-get update && sudo apt-get install -y libegl1" in str(caught.value)


def test_libraries_that_only_some_tests_need_end_nothing(
    on_linux: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(on_linux, "loads", lambda _name: False)
    monkeypatch.setattr(on_linux, "apt_install", lambda _packages: False)
    on_linux.provide_libraries({"libxcb-cursor.so.0": "libxcb-cursor0"}, needed=False)
    assert "passed over" in capsys.readouterr().out


def _torch(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, *, platform: str, nvidia: bool, local: bool, reachable: bool
) -> list[str]:
    monkeypatch.delenv(module.INDEX_VARIABLE, raising=False)
    monkeypatch.setattr(module.sys, "platform", platform)
    answers: dict[str, Callable[..., bool]] = {
        "has_nvidia": lambda: nvidia,
        "has_local_torch": lambda _python: local,
        "is_reachable": lambda _url: reachable,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(module, name, answer)
    found: list[str] = module.torch_index("python")
    return found


@pytest.mark.parametrize(
    ("platform", "nvidia", "local", "reachable", "index"),
    [
        ("linux", False, False, True, "cpu"),
        ("linux", False, False, False, ""),
        ("linux", False, True, True, ""),
        ("linux", True, False, True, ""),
        ("win32", True, False, True, "cu130"),
        ("win32", False, False, True, ""),
        ("darwin", False, False, True, ""),
    ],
)
def test_the_build_of_torch_fits_the_machine(
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    nvidia: bool,
    local: bool,
    reachable: bool,
    index: str,
) -> None:
    found = _torch(script, monkeypatch, platform=platform, nvidia=nvidia, local=local, reachable=reachable)
    assert (found[-1].rsplit("/", 1)[-1] if found else "") == index


def test_an_index_of_ones_own_is_taken(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(script.INDEX_VARIABLE, "https://example.org/torch")
    assert script.torch_index("python") == ["--extra-index-url", "https://example.org/torch"]
    monkeypatch.setenv(script.INDEX_VARIABLE, "")
    assert script.torch_index("python") == []


def test_the_lock_pins_everything_that_the_project_asks_for() -> None:
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line)
            assert [spec.operator for spec in requirement.specifier] == ["=="], line
            pinned[requirement.name.lower().replace("_", "-")] = next(iter(requirement.specifier)).version
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[requirement.name.lower().replace("_", "-")]), requirement
    assert pinned["torch"] == "2.13.0"
