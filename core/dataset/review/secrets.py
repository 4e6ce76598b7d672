"""Passwords, API keys and private keys, by the forms that their makers gave them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from core.dataset.example import Example
from core.dataset.review.marks import Mark, has_any, texts
from core.dataset.review.rules import SECRET

_FORMS: tuple[tuple[str, str], ...] = (
    ("A private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("A key for Amazon Web Services", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("A GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}"),
    ("A GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("An API key", r"\bsk-(?:ant-|proj-|or-v1-|svcacct-)?[A-Za-z0-9][A-Za-z0-9_-]{30,}"),
    ("A Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    ("A Google key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("A Stripe key", r"\b[sr]k_live_[A-Za-z0-9]{20,}"),
    ("A Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
    ("A package registry's token", r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("A SendGrid key", r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    ("A login token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    ("A password in an address", r"\b[a-z][a-z0-9+.-]{2,15}://[^\s:/@'\"<>]{1,60}:[^\s:/@'\"<>{}$\[\]]{6,60}@[\w.-]+"),
    (
        "A password or key",
        r"(?i:\b(?:api|secret|access|auth|private)[_ -]?(?:key|token|secret)|\bpass(?:word|wd)|\bclient_secret)\b"
        r"['\"]?\s*(?:=|:|:=|=>)\s*['\"]?[A-Za-z0-9+/_.~!@#$%^&*-]{16,}",
    ),
)
_ANY = re.compile("|".join(f"(?P<f{number}>{form})" for number, (_, form) in enumerate(_FORMS)))
_HINTS = (
    *(
        "-----BEGIN",
        "AKIA",
        "ASIA",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "sk-",
        "xox",
        "AIza",
    ),
    *("k_live_", "hf_", "npm_", "pypi-", "SG.", "eyJ", "://"),
)
_WORDS = ("key", "token", "secret", "passw")
_NO_SECRET = re.compile(
    r"example|sample|your|xxxx|placeholder|dummy|changeme|redacted|insert|12345678|\*\*\*|\.\.\.", re.I
)
_LEAST_BITS = 3.0  # a character, of what could be any word otherwise


def look(example: Example) -> Iterator[Mark]:
    """Mark all secrets of all fields."""
    for field, text in texts(example):
        said = (":" in text or "=" in text) and has_any(text.lower(), _WORDS)
        if not said and not has_any(text, _HINTS):
            continue
        for found in _ANY.finditer(text):
            title = _FORMS[int((found.lastgroup or "f0")[1:])][0]
            if not _NO_SECRET.search(found[0]) and _is_random(title, found[0]):
                yield Mark(SECRET, f"{title} stands here.", field, *found.span())


def _is_random(title: str, text: str) -> bool:
    """Whether it looks drawn by lot rather than like words."""
    if title in ("A private key", "A password in an address"):
        return True
    value = re.split(r"[\s'\"=:>]+", text)[-1]
    if title == "A password or key" and not (re.search(r"\d", value) and re.search(r"[a-zA-Z]", value)):
        return False
    counts = Counter(value).values()
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
    return bits >= _LEAST_BITS
