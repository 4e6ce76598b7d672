"""Sets Tunesmith up and starts it: ``python3 run.py`` opens the window, ``python3 run.py test`` runs the tests.

In order: a Python that fits; for a window, a screen and Qt's system libraries; an environment of our own in ``.venv``;
the pinned dependencies, installed only when the pins changed; then over to the program. Standard library only, so that
it runs on a bare machine.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "tunesmith-installed.json"
PYTHONS = ("3.11", "3.12", "3.13")
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"

# PyPI's torch is a CPU build on Windows and a CUDA build of several gigabytes on Linux; PyTorch has the others.
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_INDEX = "https://download.pytorch.org/whl/cu130"
INDEX_VARIABLE = "TUNESMITH_TORCH_INDEX"

# Shared libraries that Qt needs from a Linux system, and the Debian packages that hold them (and bring the rest along).
DRAWING = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
}
X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
WAYLAND = {"libwayland-client.so.0": "libwayland-client0", "libwayland-cursor.so.0": "libwayland-cursor0"}

USAGE = f"""python3 run.py                opens the window
python3 run.py PROJECT        opens a project in the window
python3 run.py demo           the main job without a window: train the starter model and compare
python3 run.py test [...]     runs the tests; further arguments go to pytest
python3 run.py setup [--dev]  only installs (with --dev also what the tests and checks need)
python3 run.py COMMAND [...]  any other Tunesmith command, for example: python3 run.py doctor

{INDEX_VARIABLE} names the package index that has the build of PyTorch you want; empty means only pip's own.
"""


class Stop(Exception):  # noqa: N818 - an ending with words for a person, not a fault of the program
    """Setting up cannot go on; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Run one command line; returns the exit code where the process is not replaced by the program."""
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    try:
        if VERSION not in PYTHONS:
            return hand_over([fitting_python(), str(ROOT / "run.py"), *arguments])
        if first == "setup":
            if arguments[1:] not in ([], ["--dev"]):
                raise Stop("setup takes no arguments but --dev.")
            install(dev="--dev" in arguments)
            return 0
        if first == "test":
            provide_libraries(DRAWING, needed=True)
            provide_libraries(X11, needed=False)
            return hand_over([install(dev=True), "-m", "pytest", *arguments[1:]], folder=ROOT)
        if opens_window(arguments):
            require_screen()
            provide_libraries(libraries_of_the_screen(), needed=True)
        # -P: a folder "app" where the user happens to be must not be taken for ours.
        return hand_over([install(dev=False), "-P", "-m", "app", *arguments])
    except Stop as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1


def opens_window(arguments: list[str]) -> bool:
    """Whether the program will open a window: without arguments, or with a project folder (as app/__main__.py does)."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        return not arguments
    path = Path(arguments[0])
    return (path / "project.toml").is_file() or path.name != arguments[0]


# Python and its environment


def fitting_python() -> str:
    """Another interpreter of this machine that fits."""
    commands = [[f"python{version}"] for version in reversed(PYTHONS)]
    if os.name == "nt":
        commands += [["py", f"-{version}"] for version in reversed(PYTHONS)]
    for command in commands:
        found = answer([*command, "-c", "import sys; print(sys.executable)"])
        if found:
            say(f"this is Python {platform.python_version()}; going on with {found}")
            return found
    raise Stop(
        f"Tunesmith needs Python {PYTHONS[0]} to {PYTHONS[-1]}; this is {platform.python_version()}.\n"
        "Install one of them (python.org, or your system's packages) and run this again with it, "
        f"for example: python{PYTHONS[-1]} run.py"
    )


def environment() -> tuple[str, str]:
    """The interpreter of ``.venv`` and its version; the environment is made where there is none that works."""
    python = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    ask_version = [python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = answer(ask_version)
    if version in PYTHONS:
        return python, version
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        package = f"python{VERSION}-venv"
        if not apt_install([package]):
            raise Stop(f"This Python cannot make environments. {install_line([package])}")
    say(f"making an environment in {VENV} with Python {platform.python_version()}")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "The environment could not be made.")
    return python, answer(ask_version)


def install(*, dev: bool) -> str:
    """Install the pinned dependencies if anything about them changed; returns the environment's interpreter."""
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise Stop("PyTorch has no builds for Macs with an Intel processor any more, so Tunesmith cannot train here.")
    python, version = environment()
    pins = fingerprint(version)
    installed = read_stamp()
    if installed.get("pins") == pins and installed.get("dev", False) >= dev:
        return python
    dev = dev or bool(installed.get("dev"))
    what = "the dependencies and the tools for tests" if dev else "the dependencies"
    say(f"installing {what} (the first time about 2 GB on disk, more with CUDA; minutes)")
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "-c", LOCK.name]
    command += [] if sys.stdout.isatty() else ["--quiet"]
    command += [*torch_index(python), "-e", ".[dev]" if dev else "."]
    STAMP.unlink(missing_ok=True)
    run(command, "The dependencies could not be installed; pip's last lines above say why.", folder=ROOT)
    STAMP.write_text(json.dumps({"pins": pins, "dev": dev}), encoding="utf-8")
    say("installed")
    return python


def fingerprint(version: str) -> str:
    """A hash of all that decides what is installed and where."""
    digest = hashlib.sha256(f"{version} {ROOT}".encode())
    for path in (ROOT / "pyproject.toml", LOCK, ROOT / "run.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_stamp() -> dict[str, object]:
    """What the last complete installation left; empty when there was none."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


# PyTorch


def torch_index(python: str) -> list[str]:
    """The pip arguments that bring the right build of PyTorch for this machine."""
    chosen = os.environ.get(INDEX_VARIABLE)
    if chosen is not None:
        return ["--extra-index-url", chosen] if chosen else []
    if sys.platform == "win32" and has_nvidia():
        return ["--extra-index-url", CUDA_INDEX]
    if sys.platform != "linux" or has_nvidia() or has_local_torch(python):
        return []
    if not is_reachable(CPU_INDEX):
        say("PyTorch's own index cannot be reached: pip takes what it finds, perhaps the larger CUDA build")
        return []
    return ["--extra-index-url", CPU_INDEX]


def has_nvidia() -> bool:
    """Whether an NVIDIA driver is at work here."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def has_local_torch(python: str) -> bool:
    """Whether the pinned torch is installed already, or lies where pip is set up to look without an index."""
    pinned = re.search(r"^torch==[\w.]+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    command = [python, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", "--quiet"]
    return pinned is not None and answer([*command, pinned.group()]) is not None


def is_reachable(url: str) -> bool:
    """Whether a package index answers."""
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=5):
            return True
    except (urllib.error.URLError, OSError, ValueError):
        return False


# What a window needs from the system


def require_screen() -> None:
    """End with words where no window can be shown."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in variables):
        raise Stop(
            "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.\n"
            "Everything works without one, too. Try: python3 run.py demo"
        )


def libraries_of_the_screen() -> dict[str, str]:
    """The system libraries for the kind of screen at hand."""
    x11 = X11 if os.environ.get("DISPLAY") else {}
    wayland = WAYLAND if os.environ.get("WAYLAND_DISPLAY") else {}
    return {**DRAWING, **x11, **wayland}


def provide_libraries(table: dict[str, str], *, needed: bool) -> None:
    """Find out which system libraries are missing; install them as root on Debian's family, else say how."""
    if sys.platform != "linux":
        return
    missing = [name for name in table if not loads(name)]
    if missing and apt_install([table[name] for name in missing]):
        missing = [name for name in table if not loads(name)]
    if not missing:
        return
    words = f"Qt needs system libraries that are missing here: {', '.join(missing)}.\n"
    words += install_line([table[name] for name in missing], missing)
    if needed:
        raise Stop(words)
    say(f"tests in a real window are passed over. {words}")


def loads(name: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages as root; False where that is not possible."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say(f"installing {' '.join(packages)} with apt-get")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(["apt-get", "update", "-qq"], "apt-get update failed.")
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    run(command, f"These packages could not be installed: {' '.join(packages)}.", quiet=True)
    return True


def install_line(packages: list[str], sonames: list[str] | None = None) -> str:
    """What to run to have the missing packages."""
    if shutil.which("apt-get"):
        return f"Run: sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"
    if shutil.which("dnf") and sonames:
        return f"Run: sudo dnf install {' '.join(repr(f'{name}()(64bit)') for name in sonames)}"
    return f"Install them with your system's packages (in Debian they are called {' '.join(packages)})."


# Processes


def say(text: str) -> None:
    """Tell what is being done."""
    print(f"Tunesmith: {text}", flush=True)


def answer(command: list[str]) -> str | None:
    """What a command prints; None when it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def run(command: list[str], failure: str, *, folder: Path | None = None, quiet: bool = False) -> None:
    """Run a command to its end, showing what it prints (errors only when ``quiet``)."""
    output = subprocess.DEVNULL if quiet else None
    if subprocess.run(command, cwd=folder, stdout=output, check=False).returncode != 0:
        raise Stop(failure)


def hand_over(command: list[str], *, folder: Path | None = None) -> int:
    """Become the program, so that it gets the terminal, Ctrl-C and the exit code."""
    if os.name != "nt":
        os.chdir(folder or Path.cwd())
        os.execv(command[0], command)
    process = subprocess.Popen(command, cwd=folder)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program has it too, and ends in its own time


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
