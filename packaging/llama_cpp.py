"""Builds llama-cpp-python from source into the environment of this Python, for whoever wants to run GGUF files here.

``python packaging/llama_cpp.py``: about seven minutes on two cores. It needs a C++ compiler; CMake is fetched where it
is missing. Tunesmith works without it: exports are then proven by reading them again, not by running them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

VERSION = "0.3.36"
# Without pictures, downloads and instructions that only this processor has: what is built runs on its like as well.
CMAKE = "-DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF -DGGML_NATIVE=OFF"


def main() -> int:
    """Build and try it; returns the exit code."""
    began = time.monotonic()
    flags = " ".join(part for part in (CMAKE, os.environ.get("CMAKE_ARGS", "")) if part)
    install = [sys.executable, "-m", "pip", "install", f"llama-cpp-python=={VERSION}"]
    code = subprocess.run(install, env={**os.environ, "CMAKE_ARGS": flags}, check=False).returncode
    if code:
        print(f"{' '.join(install)} ended with code {code}.", file=sys.stderr)
        return code
    probe = "import llama_cpp; print('llama-cpp-python', llama_cpp.__version__)"
    code = subprocess.run([sys.executable, "-c", probe], check=False).returncode
    if code == 0:
        print(f"Built in {time.monotonic() - began:.0f} s.")
    return code


if __name__ == "__main__":
    sys.exit(main())
