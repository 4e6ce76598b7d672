"""Streamed pieces are whole characters, and together the whole text."""

from hypothesis import given
from hypothesis import strategies as st

from core.generation.pieces import Pieces, StopWords


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


def _spoken(text, stop):
    """What comes of a text that is said letter by letter, and the word that ended it."""
    words = StopWords(stop)
    parts = [words.add(letter) for letter in text]
    return "".join(parts) + words.rest(), words.found


@given(st.text(alphabet="abc", max_size=40), st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3))
def test_an_answer_ends_before_the_first_stop_word(text, stop):
    said, found = _spoken(text, stop)
    if found:
        assert text.startswith(said + found)
        assert not any(word in said for word in stop)
    else:
        assert said == text
        assert not any(word in text for word in stop)


def test_nothing_of_a_stop_word_is_ever_said():
    words = StopWords(["</answer>"])
    assert words.add("yes </ans") == "yes "
    assert words.add("x no") == "</ansx no", "it was no stop word after all"
    assert words.add("</answer>more") == ""
    assert words.found == "</answer>"
    assert words.add("more") == words.rest() == ""


def test_without_stop_words_everything_comes_at_once():
    words = StopWords([])
    assert [words.add("a"), words.add("b"), words.rest()] == ["a", "b", ""]
