"""A few of the damaged files that ``import_fuzz.py`` makes by the thousand."""

from __future__ import annotations

import import_fuzz


def test_damaged_files_do_no_harm_and_their_bad_rows_are_named() -> None:
    endings, wrong = import_fuzz.run(300, seed=8)
    assert wrong == []
    assert endings["children died"] == 0
    assert endings["read"] > 60
    assert endings["refused"] > 20
    assert endings["rows skipped"] > 30


def test_damaged_files_in_processes_of_their_own() -> None:
    assert import_fuzz.through_readings(12, seed=9) == []
