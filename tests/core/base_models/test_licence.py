"""The licence that a model's README.md states."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import paths
from core.base_models.licence import licence_of


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# A model", "apache-2.0"),
        ("---\ntags: [a]\nlicense: 'mit'\n---\n", "mit"),
        ("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research"),
        ("---\nlicense:\n- mit\n---\n", ""),
        ("# A model\nlicense: mit\n", ""),
        ("---\ntags: [a]\n---\nlicense: mit\n", ""),
        ("---\nlicense: <b>mine</b>\n---\n", ""),
        ("", ""),
    ],
)
def test_the_head_of_the_readme_says_it(tmp_path: Path, text: str, licence: str) -> None:
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert licence_of(tmp_path) == licence


def test_without_a_readme_nothing_is_stated(tmp_path: Path) -> None:
    assert licence_of(tmp_path) == ""


def test_a_readme_that_is_no_text_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"---\n\xff\xfe\x00license: \xff\n" * 100_000)
    assert licence_of(tmp_path) == ""


def test_the_starter_states_one() -> None:
    assert licence_of(paths.starter_model()) == "apache-2.0"
