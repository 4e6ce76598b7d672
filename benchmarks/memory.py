"""The memory that a run is said to need, against what a rehearsal of it really takes.

    python benchmarks/memory.py                   a small model on this machine's CPU
    python benchmarks/memory.py --shape 1b        a model of that shape with random weights (GPU)

Each line is one set of settings: the estimate, the measured peak, and how far the estimate is off. Examples fill the
maximum length, so that the rows are those that the estimate reckons with.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import training_material

from core.base_models.facts import ModelFacts
from core.dataset.example import Example
from core.errors import UserError
from core.hardware.fitting import kind_of
from core.hardware.memory import estimate
from core.hardware.usage import memory_use
from core.project import EXAMPLES_FILE, Project
from core.prompt.format import PromptFormat
from core.recipe.recipe import with_settings
from core.recipe.schema import Recipe
from core.runs.rehearsal import Rehearsal, Rehearsed

SETTINGS: dict[str, dict[str, object]] = {
    "4-bit": {},
    "4-bit, checkpointing": {"training.gradient_checkpointing": "on"},
    "4-bit, no checkpointing": {"training.gradient_checkpointing": "off"},
    "4-bit, rank 64, no dropout": {"lora.rank": 64, "lora.alpha": 128, "lora.dropout": 0.0},
    "4-bit, half the tokens a pass": {"training.tokens_per_pass": 1024},
    "4-bit, attention only": {"lora.target_modules": "attention"},
    "8-bit": {"model.quantization": "int8"},
    "16-bit": {"model.quantization": "none"},
}
LENGTH, PASSES, BATCH = 512, 2048, 8


def main() -> int:
    """Rehearse each set of settings; the exit code is 1 when one could not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=list(training_material.SHAPES), default="small")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["TUNESMITH_HOME"] = str(root / "home")
        training_material.make(root, training_material.SHAPES[args.shape], examples=64, heldout=0, pretraining=0)
        base = root / "model"
        filled = _filled(base)
        facts, kind = ModelFacts.read(base), kind_of(memory_use())
        print(f"{facts.parameters:,} parameters on {memory_use().device or 'the CPU'}")
        print(f"{'settings':32}{'estimate':>12}{'measured':>12}{'off':>8}{'a step':>10}")
        for name, changes in SETTINGS.items():
            recipe = with_settings(Recipe(), {**_usual(base), **changes})
            try:
                found = _rehearse(root / name, recipe, filled)
            except UserError as error:
                print(f"{name:32}  {error}")
                failed = True
                continue
            said = estimate(facts, recipe, kind).total_bytes
            off = said / found.peak_bytes - 1
            print(
                f"{name:32}{said / 1e6:9.0f} MB{found.peak_bytes / 1e6:9.0f} MB{off:+8.0%}"
                f"{found.seconds_per_step:8.2f} s",
                flush=True,
            )
    return int(failed)


def _usual(base: Path) -> dict[str, object]:
    return {
        "model.base": str(base),
        "training.max_length": LENGTH,
        "training.tokens_per_pass": PASSES,
        "training.batch_size": BATCH,
        "heldout.share": 0.0,
    }


def _filled(base: Path) -> list[Example]:
    """Examples that have nearly as many tokens as training takes, half of them in the output."""
    language, prompt = training_material.Language(), PromptFormat.load(base)
    made = []
    for _ in range(BATCH):
        words = language.words(LENGTH)
        count = 8
        while True:
            example = Example("Go on", " ".join(words[:count]), " ".join(words[count : 2 * count]))
            if len(prompt.encode(example).ids) > LENGTH:
                break
            fits, count = example, count + 1
        made.append(fits)
    prompt.close()
    return made


def _rehearse(folder: Path, recipe: Recipe, examples: list[Example]) -> Rehearsed:
    with Project.create(folder, recipe=recipe) as project:
        project.store.add(examples)
    *_, last = Rehearsal(folder / EXAMPLES_FILE, recipe, range(1, len(examples) + 1)).messages()
    assert isinstance(last, Rehearsed)
    return last


if __name__ == "__main__":
    sys.exit(main())
