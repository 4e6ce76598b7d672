"""What was found when an export was checked, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import format

if TYPE_CHECKING:
    from core.export.job import ExportResult

_MERGES = {"as_trained": "the base model as it was trained", "original": "the original base model"}


def checked_words(result: ExportResult) -> str:
    """How far it agrees with the trained model."""
    difference = result.max_logit_difference
    if difference is None:
        return (
            "A fresh process read every weight again and found it as it should be. There was not enough memory to run "
            "the model in 16 bit and compare its answers."
        )
    agrees = "equal" if difference == 0 else f"differ by at most {format.number(difference, 2)} from"
    words = f"A fresh process loaded it again: its scores for each next word {agrees} those of the trained model."
    return f"{words} The likeliest word is the same everywhere." if result.greedy_equal else words


def found_words(result: ExportResult) -> list[str]:
    """What else is worth saying: what it was merged into, and the held-out losses."""
    found = result.findings
    if "merged_into" not in found:
        return []
    losses = found.get("heldout_losses", {})
    told = [f"{format.loss(losses[way])} with {_MERGES[way]}" for way in ("as_trained", "original") if way in losses]
    words = [f"Merged into {_MERGES[found['merged_into']]}."]
    if told:
        words.append(f"Held-out loss: {', '.join(told)}.")
    words += [f"The other was not measured: {reason}" for reason in found.get("not_measured", {}).values()]
    return words
