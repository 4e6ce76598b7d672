"""guide: questions, advice, and a purpose that is kept."""

import json

from core.project import Project


def test_without_answers_it_asks(cli):
    out = cli("guide").out
    assert "What is missing today?" in out
    assert "--answer lacks=…, several with commas" in out
    assert "Answer the first question" in out


def test_answers_are_kept_as_the_projects_purpose(cli, project):
    assert cli("guide", project, "--answer", "lacks=tone,form", "--goal", "Letters in our voice").code == 0
    said = json.loads(cli("guide", project, "--answer", "prompt=careful", "--json").out)
    assert said["advice"] == "fine_tuning"
    assert said["goal"] == "Letters in our voice"
    assert said["answers"] == {"lacks": ["tone", "form"], "prompt": ["careful"]}
    with Project.open(project, read_only=True) as opened:
        assert opened.purpose.has("lacks", "form")
    out = cli("guide", project).out
    assert "Goal: Letters in our voice" in out
    assert "Fine-tune: it suits what you want." in out
    taken_back = json.loads(cli("guide", project, "--answer", "lacks=", "--json").out)
    assert taken_back["advice"] == "unknown"


def test_what_is_no_answer_is_said(cli):
    assert "There is no question 'colour'." in cli("guide", "--answer", "colour=red").err
    assert "The answers are no, yes." in cli("guide", "--answer", "sources=perhaps").err
    assert "takes one answer" in cli("guide", "--answer", "sources=no,yes").err
    assert cli("guide", "--answer", "sources=perhaps").code == 2
    assert cli("guide", "--goal", "x" * 3000).code == 2
