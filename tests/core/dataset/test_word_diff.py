"""A comparison word by word loses nothing, and reads well."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import paths
from core.dataset.word_diff import Piece, differences, shorten, words

TEXTS = st.text(st.sampled_from("ab  \n\r.,'é数ส\u0301👩\u200d🚀\ud800Z"), max_size=60)


def _old(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != "new")


def _new(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != "gone")


def _said(old: str, new: str) -> str:
    signs = {"same": "{}", "gone": "[-{}-]", "new": "[+{}+]"}
    return "".join(signs[piece.kind].format(piece.text) for piece in differences(old, new))


@given(TEXTS, TEXTS)
def test_both_texts_come_back(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert (_old(pieces), _new(pieces)) == (old, new)
    assert all(piece.text for piece in pieces)
    kinds = [piece.kind for piece in pieces]
    assert all(one != other for one, other in pairwise(kinds))
    assert ("new", "gone") not in pairwise(kinds)


@given(TEXTS)
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("", "new", "[+new+]"),
        ("gone", "", "[-gone-]"),
        ("Send me the letter.", "Send us the letter.", "Send [-me-][+us+] the letter."),
        ("The quick brown fox", "A slow brown fox", "[-The quick-][+A slow+] brown fox"),
        ("Dear Anna", "Dear Anna,", "Dear Anna[+,+]"),
        ("one\ntwo", "one\n\ntwo", "one\n[+\n+]two"),
        ("Größe", "Grösse", "[-Größe-][+Grösse+]"),
        ("don't", "do not", "[-don't-][+do not+]"),
        ("数据不错", "数据很好", "数据[-不错-][+很好+]"),
        ("e\u0301a", "ea", "[-e\u0301a-][+ea+]"),
        ("a 👩‍🚀", "a 👩", "a [-👩‍🚀-][+👩+]"),
        ("a b", "a  b", "a[- -][+  +]b"),
    ],
)
def test_reads_well(old: str, new: str, said: str) -> None:
    assert _said(old, new) == said


def test_long_texts_of_which_nothing_is_left() -> None:
    source = random.Random(7)
    vocabulary = [f"word{number}" for number in range(3000)]
    old, new = (" ".join(source.choice(vocabulary) for _ in range(20_000)) for _ in range(2))
    pieces = differences(old, new)
    assert (_old(pieces), _new(pieces)) == (old, new)


def test_only_what_is_near_a_change_is_kept() -> None:
    old = "Dear Anna, thank you for the letter of the ninth. We shall answer it soon. Yours, Ben of the harbour office"
    pieces = shorten(differences(old, old.replace("soon", "today")), around=16)
    assert pieces == [
        Piece("same", "… shall answer it "),
        Piece("gone", "soon"),
        Piece("new", "today"),
        Piece("same", ". Yours, Ben of …"),
    ]
    pieces = shorten(differences(old, old.replace("Anna", "Ada").replace("soon", "today")), around=16)
    assert [piece.text for piece in pieces if piece.kind == "same"] == [
        "Dear ", ", thank you for … shall answer it ", ". Yours, Ben of …",
    ]  # fmt: skip


def test_what_is_short_is_kept_whole() -> None:
    pieces = differences("a short text", "a shorter text")
    assert shorten(pieces, around=40) == pieces


def test_what_the_first_comparison_needs_can_be_loaded_before() -> None:
    said = "import sys; from core.dataset import word_diff; word_diff.prepare(); before = set(sys.modules); "
    said += "word_diff.differences('the quick fox', 'a slow fox'); print(sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=paths.package_root())
    assert found.stdout.strip() == "[]", found.stderr
