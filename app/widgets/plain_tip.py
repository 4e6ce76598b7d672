"""Tool tips of text that somebody wrote: shown as it is, never read as HTML."""

from __future__ import annotations

import html


def plain_tip(text: str) -> str:
    """``text`` for ``setToolTip``: escaped, since Qt guesses from the first tag whether a tip is HTML."""
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>' if text else ""
