"""Makes the starter model and the sample datasets, and measures them.

Run from the repository with the app's own environment::

    python packaging/starter_model/build.py             # everything, about an hour on two cores
    python packaging/starter_model/build.py samples     # resources/samples, a second
    python packaging/starter_model/build.py model       # resources/starter-model, half an hour on one core
    python packaging/starter_model/build.py evaluate    # the acceptance table, about ten minutes

The same seeds give the same text, tokenizer and samples, byte for byte. The weights come out the same on the same
kind of processor with the same PyTorch; elsewhere floating-point sums differ, and with them the weights a little.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "resources" / "starter-model"
SAMPLES = ROOT / "resources" / "samples"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("all", "samples", "model", "evaluate"), default="all")
    parser.add_argument("--model", type=Path, default=MODEL, help="where the model is written or read")
    parser.add_argument("--steps", type=int, help="training steps, for a trial")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ |= {"TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "passive", "HF_HUB_OFFLINE": "1"}
    sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]
    if arguments.part in ("all", "samples"):
        build_samples()
    if arguments.part in ("all", "model"):
        build_model(arguments.model, arguments.steps, arguments.threads)
    if arguments.part in ("all", "evaluate"):
        evaluate(arguments.model)


def build_samples() -> None:
    """Write the sample datasets."""
    from starter_model import samples

    samples.write(SAMPLES)
    print(f"{len(samples.voices())} samples of {samples.COUNT} examples: {SAMPLES}")


def build_model(folder: Path, steps: int | None, threads: int) -> None:
    """Train the tokenizer and the model; the folder's recipe and card stay."""
    import torch

    from starter_model import pretrain, tokenizer

    torch.set_num_threads(threads)
    plan = pretrain.Plan() if steps is None else pretrain.Plan(steps=steps)
    learnt = tokenizer.train()
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        tokenizer.save(learnt, made)
        print(pretrain.pretrain(plan, learnt, made))
        folder.mkdir(parents=True, exist_ok=True)
        for file in made.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    print(f"The model: {folder}")


def evaluate(folder: Path) -> None:
    """Print the acceptance table."""
    from starter_model import acceptance

    acceptance.report(folder)


if __name__ == "__main__":
    main()
