"""Taking secrets out of text before it is shown, logged or written: access tokens must never leave this program."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:hf_|api_org_|gh[pousr]_)[A-Za-z0-9]{16,}|github_pat_\w{16,}|sk-[\w-]{20,})"
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
    r"|(?<=://)[^\s/@:]+:[^\s/]+(?=@)"
)
HIDDEN = "[hidden]"


def redacted(text: str) -> str:
    """The text without access tokens and passwords in addresses."""
    return _TOKENS.sub(HIDDEN, text)
