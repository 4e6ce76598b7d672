"""Do the 95 % intervals of the verdict hold what they say? Simulated comparisons whose true difference is known.

    .venv/bin/python benchmarks/verdict_coverage.py [SIMULATIONS]

For each kind of scores and 20, 50 and 200 examples: in how many of the simulations (1,000 unless given; in brackets,
how many were too high | too low) the interval holds the true difference, and beside it the plain percentile bootstrap.
Aim: 93 to 97 %. Right-or-wrong scores are counted out exactly instead, over all that can happen. Beyond the aim, and
listed last: a few extreme scores decide the mean, or hardly any example tells two systems apart; there the intervals
are mostly too careful. 1,000 simulations scatter by 0.7 points themselves. Takes about two minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core" / "evaluation")]

import numpy as np  # noqa: E402
from simulated import (  # noqa: E402
    BEYOND,
    BEYOND_COUNTS,
    COUNTS,
    RESAMPLES,
    SCORES,
    SIMULATIONS,
    SIZES,
    Draw,
    counted_coverage,
    covered,
)


def percentile(draw: Draw, truth: float, *, size: int, simulations: int) -> float:
    """The same share for the plain percentile bootstrap."""
    random = np.random.default_rng([1, size])
    holds = 0
    for row in draw(random, (simulations, size)):
        means = row[random.integers(0, size, (RESAMPLES, size))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        holds += low <= truth <= high
    return holds / simulations


def main() -> None:
    """Print the table."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    print(f"{'95 % intervals hold the truth in':38}" + "".join(f"{size:>22}" for size in SIZES), flush=True)
    for title, group in (("", SCORES), ("beyond the aim:", BEYOND)):
        print(title)
        for name, ((draw, truth), span) in group.items():
            cells = []
            for size in SIZES:
                holds, above, below = covered(draw, truth, span=span, size=size, simulations=simulations)
                plain = percentile(draw, truth, size=size, simulations=simulations)
                cells.append(f"{holds:7.1%} ({above:.1%}|{below:.1%}) {plain:6.1%}".rjust(28))
            print(f"{name:36}" + "".join(cells), flush=True)
    for title, pairs in (("right or wrong, counted out:", COUNTS), ("beyond the aim:", BEYOND_COUNTS)):
        print(title)
        for first, second in pairs:
            name = f"only one right: {first:.0%} and {second:.0%}"
            print(
                f"{name:36}" + "".join(f"{counted_coverage(first, second, size):28.1%}" for size in SIZES), flush=True
            )


if __name__ == "__main__":
    main()
