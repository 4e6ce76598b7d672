"""How an answer in the chat came to its end, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import format

if TYPE_CHECKING:
    from core.chat.conversation import Said


def ending_words(said: Said) -> tuple[str, str]:
    """How an answer ended and how fast it was written, whole and in short."""
    if said.end in ("cancelled", None):
        return "Stopped", "Stopped"
    whole = short = format.plural(said.tokens, "token")
    if said.seconds > 0:
        each = format.count(round(said.tokens / said.seconds))
        whole += f" in {format.fixed(said.seconds, 1)} s, {each} a second"
        short = f"{each} tokens/s"
    if said.end == "length":
        return f"Cut off; {whole}", f"Cut, {short}"
    return (f"Ended at a stop word; {whole}" if said.end == "stop" else whole), short
