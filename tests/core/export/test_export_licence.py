"""The licence of a base model is what its own card names, and nothing is guessed."""

from pathlib import Path

import pytest

from core.export import licence


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("---\nlicense: apache-2.0\n---\n", "apache-2.0"),
        ("---\nlicense: 'mit'\n---\n", "mit"),
        ("---\nlicense: other\nlicense_name: qwen-research\n---\n", "qwen-research"),
        ("---\ntags:\n- x\n---\nlicense: mit\n", ""),
        ("license: mit\n", ""),
        ("---\nlicense: <script>\n---\n", ""),
        ("", ""),
    ],
)
def test_it_is_read_from_the_front_matter(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert licence.of_folder(tmp_path) == name


def test_where_nothing_is_said_nothing_is_known(tmp_path: Path) -> None:
    assert licence.of_folder(tmp_path) == ""
    assert licence.of_base(str(tmp_path / "nowhere")) == ""
    assert licence.of_base("starter") == "apache-2.0"
