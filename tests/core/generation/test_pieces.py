"""Streamed pieces are whole characters, and together the whole text."""

from hypothesis import given
from hypothesis import strategies as st

from core.generation.pieces import Pieces


def bytes_of(ids):
    """A tokenizer whose every token is one byte."""
    return bytes(ids).decode("utf-8", "replace")


@given(st.text())
def test_pieces_are_the_text_in_whole_characters(text):
    pieces = Pieces(bytes_of)
    parts = [pieces.add(byte) for byte in text.encode("utf-8")]
    parts.append(pieces.rest())
    assert "".join(parts) == text
    assert all("\N{REPLACEMENT CHARACTER}" not in part for part in parts[:-1]) or "\N{REPLACEMENT CHARACTER}" in text


def test_a_character_of_four_bytes_comes_with_its_last():
    pieces = Pieces(bytes_of)
    assert [pieces.add(byte) for byte in "a🐄b".encode()] == ["a", "", "", "", "🐄", "b"]
    assert pieces.rest() == ""


def test_what_never_became_a_character_is_told_at_the_end():
    pieces = Pieces(bytes_of)
    assert [pieces.add(byte) for byte in "é".encode()[:1]] == [""]
    assert pieces.rest() == "\N{REPLACEMENT CHARACTER}"


def test_a_decoder_that_changes_its_mind_repeats_nothing():
    texts = {1: "ab", 2: "x", 3: "abc"}
    pieces = Pieces(lambda ids: texts[len(ids)])
    assert [pieces.add(number) for number in range(3)] == ["ab", "", "c"]
