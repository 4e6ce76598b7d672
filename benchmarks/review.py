"""How well and how fast the review of the examples works.

    .venv/bin/python benchmarks/review.py [EXAMPLES …]

First the planted faults and look-alikes of the tests, rule by rule, among ordinary examples: precision and recall,
counted in examples. Then projects of 10,000 examples (or as many as named): the first review, one
after one edit, and the memory of the helper process.
"""

from __future__ import annotations

import contextlib
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core" / "dataset" / "review")]

from planted import PLANTED, background  # noqa: E402

from core.dataset import files  # noqa: E402
from core.dataset.example import Example  # noqa: E402
from core.dataset.review import Report, ReviewJob  # noqa: E402
from core.dataset.review.looks import look  # noqa: E402
from core.dataset.review.memory import Forgetful  # noqa: E402
from core.dataset.review.rulebook import findings  # noqa: E402
from core.dataset.review.whole import Whole, listed  # noqa: E402
from core.dataset.rows import content_hash  # noqa: E402
from core.dataset.store import ExampleStore  # noqa: E402
from core.project import Project  # noqa: E402
from core.recipe.recipe import with_settings  # noqa: E402
from core.samples import all_samples  # noqa: E402

_GOAL_SECONDS = 10.0  # for 10,000 examples ("in seconds")


def review(project: Project) -> tuple[Report, str, float]:
    """One review in the helper process, its seconds in words, and its CPU-seconds (others use the machine as well)."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    *_, report = ReviewJob(project.path).messages()
    assert isinstance(report, Report)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return report, f"{seconds:.1f} s ({spent:.1f} CPU-s)", spent


def judge(folder: Path) -> None:
    """Print precision and recall of each rule among ordinary examples, and what the samples hold by themselves."""
    samples = {sample.id: files.read(sample.path).examples for sample in all_samples()}
    ordinary = [*background(200), *next(iter(samples.values()))]
    print(f"Among {len(ordinary):,} ordinary examples:")
    print(f"{'rule':<20} {'planted':>8} {'alike':>6} {'found':>6} {'precision':>10} {'recall':>7}")
    for rule, planted in PLANTED.items():
        faulty = [example for case in planted.positives for example in case]
        alike = [example for case in planted.negatives for example in case]
        found = found_by(rule, folder / rule, [*faulty, *alike, *ordinary])
        right = len([id for id in found if id <= len(faulty)])
        precision = right / len(found) if found else 1.0
        recall = right / len(faulty)
        print(f"{rule:<20} {len(faulty):>8} {len(alike):>6} {len(found):>6} {precision:>10.3f} {recall:>7.3f}")
    for name, examples in samples.items():
        count = len(found_by("", folder / f"sample {name}", examples))
        print(f"{name}: {count} findings in {len(examples)} examples")


def found_by(rule: str, folder: Path, examples: list[Example]) -> set[int]:
    """The numbers of the examples that a rule finds, or any rule."""
    folder.mkdir(parents=True)
    with contextlib.closing(ExampleStore(folder / "examples.db")) as store:
        store.add(examples)
        looks = {content_hash(example): look(example) for example in examples}
        whole = Whole(listed(store, 0.0), looks, Forgetful(store))
        return {id for finding in findings(whole) if rule in ("", finding.rule) for id in finding.examples}


def made_up(count: int) -> Iterator[Example]:
    """Examples of 100 to 1,500 characters out of the words of the samples, one in fifty a near-duplicate."""
    draw = random.Random(7)
    texts = [example.output for sample in all_samples() for example in files.read(sample.path).examples]
    words = sorted({word.strip(".,!?:") for text in texts for word in text.split()})
    words += [f"{first}{second}" for first in words[:120] for second in words[120:180] if first.isalpha()]

    def sentence() -> str:
        return " ".join(draw.choice(words) for _ in range(draw.randint(5, 16))).capitalize() + "."

    last = Example("Begin.", output="Now.")
    for _ in range(count):
        if draw.random() < 0.02:
            last = Example(last.instruction, last.input, last.output.replace(".", "!", 1))
        else:
            prompt, output = (" ".join(sentence() for _ in range(draw.randint(1, 8))) for _ in range(2))
            last = Example(f"Answer this, number {draw.randint(1, 10**9)}.", prompt, output)
        yield last


def measure(folder: Path, count: int) -> None:
    """Print the seconds of a first review and of one after an edit."""
    with Project.create(folder) as project:
        project.set_recipe(with_settings(project.recipe, {"training.max_length": "1024"}))
        project.store.add(made_up(count))
        report, first, spent = review(project)
        project.store.update(count // 2, output="Another output than before.")
        _, second, _ = review(project)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    goal = _GOAL_SECONDS * count / 10_000
    verdict = "reached" if spent <= goal else "missed"
    print(
        f"{count:>9,} examples: first review {first}, goal {goal:.0f} CPU-s {verdict}; after one edit {second}; "
        f"helper process at most {memory:,.0f} MB; {report.flagged:,} examples flagged"
    )


def main(arguments: list[str]) -> int:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        judge(Path(folder) / "planted")
        for count in [int(argument) for argument in arguments] or [10_000]:
            measure(Path(folder) / f"{count}", count)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
