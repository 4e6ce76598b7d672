"""Secrets are taken out of text; other text stays."""

import pytest

from core.errors import UserError
from core.redaction import HIDDEN, redacted


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "Abcdefgh12345678" * 2,
        "api_org_" + "Abcdefgh12345678" * 2,
        "ghp_" + "Abcdefgh12345678" * 2,
        "github_pat_" + "Abcdefgh12345678" * 2,
        "sk-proj-" + "Abcdefgh12345678" * 2,
    ],
)
def test_tokens_are_hidden(secret):
    for text in (
        secret,
        f"Authorization: Bearer {secret}",
        f"/data/{secret}/x.jsonl",
        f"token={secret}&x",
        f"/my_{secret}",
    ):
        assert secret not in redacted(text)
        assert HIDDEN in redacted(text)


def test_passwords_in_addresses_are_hidden():
    for password in ("secret", "se@cr@t"):
        assert redacted(f"proxy http://me:{password}@host:80/x") == f"proxy http://{HIDDEN}@host:80/x"


@pytest.mark.parametrize(
    "text", ["hf_hub_download in hf_hub_url", "a ghost, a hf_x and a sk-8", "C:\\Users\\me at 12:30", "https://a.b/c@d"]
)
def test_other_text_stays(text):
    assert redacted(text) == text


def test_no_error_repeats_a_secret():
    secret = "hf_" + "Abcdefgh12345678" * 2
    error = UserError(f"No {secret}.", reason=secret, hint=f"See {secret}", details=f"/data/{secret}/x")
    assert secret not in "".join((str(error), repr(error), error.details, error.title))
