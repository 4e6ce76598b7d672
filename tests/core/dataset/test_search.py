"""What search finds, however it is asked and however far the index is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dataset import index
from core.dataset.example import Example, Status, Turn
from core.dataset.store import ExampleStore, Query


@pytest.fixture(params=["indexed", "not yet indexed"])
def filled(store: ExampleStore, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ExampleStore:
    if request.param == "not yet indexed":
        monkeypatch.setattr(index, "CHUNK", 0)
        monkeypatch.setattr("core.dataset.store.is_needed", lambda _connection: False)
    store.add(
        [
            Example("Write a polite letter", "harbour", "Dear Sir, 100% sure_thing"),
            Example("GRÖSSE und Straße", "", "naïve café"),
            Example("数据清洗", "把水倒进杯子", "完成"),
            Example("システムを説明して", "", "はい"),
            Example("", "", "", note="remember the milk"),
            Example("", "", "", tags=("to check", "seaside")),
            Example("", "", "", system="You are a pirate"),
            Example("", "", "", history=(Turn("user", "Where is my parcel?"), Turn("assistant", "On its\nway"))),
            Example("AND OR NOT NEAR", "", 'he said "no way" * (twice)'),
            Example("emoji 👩‍👩‍👧 here", "", "ﬁne ligature"),
        ]
    )
    if request.param == "indexed":
        store.settle()
    return store


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", list(range(1, 11))),
        ("   ", list(range(1, 11))),
        ("letter", [1]),
        ("LETTER", [1]),
        ("lett", [1]),
        ("ette", [1]),
        ("polite harbour", [1]),
        ("polite pirate", []),
        ("letter polite", [1]),
        ('"polite letter"', [1]),
        ('"letter polite"', []),
        ('"polite lett', [1]),
        ("größe", [2]),
        ("GRÖSSE", [2]),
        ("strasse", [2]),
        ("STRASSE", [2]),
        ("CAFÉ", [2]),
        (unicodedata.normalize("NFD", "café"), [2]),
        ("数据", [3]),
        ("数据清", [3]),
        ("水", [3]),
        ("ステム", [4]),
        ("ムを", [4]),
        ("milk", [5]),
        ("seaside", [6]),
        ("pirate", [7]),
        ("parcel", [8]),
        ("way", [8, 9]),
        ("assistant", []),
        ("100%", [1]),
        ("%", [1]),
        ("_", [1]),
        ("sure_thing", [1]),
        ("sureXthing", []),
        ("AND", [9]),
        ("NEAR", [9]),
        ("*", [9]),
        ("(twice)", [9]),
        ('"', [9]),
        ('said "no', [9]),
        ("Ö", [2]),
        ("ö", [2]),
        ("👩‍👩‍👧", [10]),
        ("👧", [10]),
        ("'; DROP TABLE examples; --", []),
    ],
)
def test_search_finds_what_a_person_expects(filled: ExampleStore, search: str, expected: list[int]) -> None:
    assert list(filled.ids(Query(search))) == expected


def test_search_follows_edits_deletion_and_undo(filled: ExampleStore) -> None:
    filled.update(1, instruction="Compose a sonnet")
    assert list(filled.ids(Query("polite"))) == []
    assert list(filled.ids(Query("sonnet"))) == [1]
    filled.undo()
    assert list(filled.ids(Query("sonnet"))) == []
    assert list(filled.ids(Query("polite"))) == [1]
    filled.delete([1])
    assert list(filled.ids(Query("polite"))) == []
    filled.undo()
    assert list(filled.ids(Query("polite"))) == [1]


def test_search_goes_with_status_and_order(filled: ExampleStore) -> None:
    filled.add([Example(f"needle {letter}", "", "x") for letter in "bca"])
    found = filled.ids(Query("needle", status=Status.READY, sort="instruction", descending=True))
    assert [filled.get(id).instruction[-1] for id in found] == ["c", "b", "a"]
    assert list(filled.ids(Query("needle", status=Status.DRAFT))) == []
    assert next(filled.iterate(Query("needle", sort="output"))).instruction == "needle b"


def test_the_index_is_built_in_the_background_and_changes_no_answer(store: ExampleStore) -> None:
    store.add(Example(f"alpha{number} beta", "", "gamma") for number in range(2000))
    assert list(store.ids(Query("alpha1999"))) == [2000]
    store.settle()
    assert list(store.ids(Query("alpha1999"))) == [2000]
    assert len(store.ids(Query("eta gam"))) == 2000
    with store._database.read() as connection:
        assert connection.execute("SELECT value FROM about WHERE key = 'searchable_to'").fetchone() == (2000,)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=st.one_of(st.text(max_size=30), st.text(alphabet="ab\"*()^-:+~{}% _\\'ANDORNOT", max_size=20)))
def test_no_search_is_an_error(store: ExampleStore, search: str) -> None:
    if not len(store.ids()):
        store.add([Example("a b", "", "c"), Example('"AND" (x*)', "", "%_\\")])
    assert set(store.ids(Query(search))) <= {1, 2}


def test_very_long_searches_are_fine(filled: ExampleStore) -> None:
    assert list(filled.ids(Query("x" * 200_000))) == []
    assert list(filled.ids(Query("polite " * 5000))) == [1]
    assert list(filled.ids(Query(" ".join(f"w{number}" for number in range(5000))))) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="abcäß数 \n", min_size=3, max_size=20), data=st.data())
def test_every_part_of_a_text_finds_it(store: ExampleStore, text: str, data: st.DataObject) -> None:
    (id,) = store.add([Example(output=text)]).added
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    assert id in store.ids(Query(f'"{part}"'))


def test_leaving_some_out(store: ExampleStore) -> None:
    store.add(Example(f"Say {n}", "", "yes") for n in range(5))
    assert list(store.ids(Query(without=(1, 3)))) == [2, 4, 5]
    assert list(store.ids(Query(among=(1, 2, 3), without=(1,)))) == [2, 3]
    assert Query(without=(1,)).narrows
