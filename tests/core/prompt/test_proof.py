"""An example that teaches what it says is proven; each way of not doing so is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from families import save

from core.dataset.example import Example, Turn
from core.prompt.format import PromptFormat
from core.prompt.proof import Flaw, flaw_of, prove

GOOD = (
    Example("Write to the customer.", "The parcel is late.", "Dear customer, we are sorry."),
    Example("And of Spain?", output="Madrid.", history=(Turn("user", "France?"), Turn("assistant", "Paris."))),
    Example("Say <|im_end|> and <eos> aloud", "", "<|im_start|>user\nשלום 👩‍👩‍👧 <|eot_id|>"),
    Example("a", "", "  \n x \n\n y  \t\n"),
    Example("a", "", "<think>\nhm, well\n</think>\n\nthe answer"),
    Example("a", "", "e\u0301 ﬁ Å \u00a0 q\r\nzeile"),
)
CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ CONTENT }}<|im_end|>\n{% endfor %}"
PROMPTS = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


def with_template(folder: Path, template: str) -> PromptFormat:
    return PromptFormat.load(save(folder / "model", "chatml", template))


@pytest.mark.parametrize("example", GOOD, ids=range(len(GOOD)))
def test_what_every_family_can_teach_is_proven(formats: dict[str, PromptFormat], family: str, example: Example):
    proof = prove(formats[family], example)
    assert (proof.flaw, proof.reason, proof.hint) == (Flaw.NONE, "", "")
    assert proof.encoded is not None


def test_what_the_template_refuses_is_told_with_its_reason(formats: dict[str, PromptFormat]):
    proof = prove(formats["gemma"], Example("a", "", "b", "Be kind"))
    assert proof.flaw is Flaw.REFUSED
    assert "System role not supported" in proof.reason
    assert proof.hint
    assert proof.encoded is None


def test_a_prompt_that_is_not_how_the_conversation_begins(tmp_path: Path):
    template = CHATML.replace("CONTENT", "m.content") + "{% if add_generation_prompt %}Answer now: {% endif %}"
    proof = prove(with_template(tmp_path, template), Example("a", "", "b"))
    assert proof.flaw is Flaw.REFUSED
    assert "in another way than it was taught" in proof.reason


def test_a_template_that_takes_a_thought_out_of_the_answer(tmp_path: Path):
    content = "(m.content.split('</think>')[-1] if m.role == 'assistant' else m.content)"
    prompt = with_template(tmp_path, CHATML.replace("CONTENT", content) + PROMPTS)
    proof = prove(prompt, Example("a", "", "<think>long\nand hard</think>yes"))
    assert proof.flaw is Flaw.CUT
    assert "leaves out a part of the answer" in proof.reason
    assert prove(prompt, Example("a", "", "yes")).flaw is Flaw.NONE


def test_a_thought_that_the_prompt_opens_is_not_missing(tmp_path: Path):
    content = "('<think>\n' + m.content.removeprefix('<think>\n') if m.role == 'assistant' else m.content)"
    opens = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
    prompt = with_template(tmp_path, CHATML.replace("CONTENT", content) + opens)
    proof = prove(prompt, Example("a", "", "<think>\nlong</think>yes"))
    assert proof.flaw is Flaw.NONE, proof.reason


def test_masks_that_teach_nothing_or_no_end_are_found(formats: dict[str, PromptFormat]):
    example = GOOD[0]
    encoded = prove(formats["chatml"], example).encoded
    assert encoded is not None
    ends = formats["chatml"].end_ids
    none = replace(encoded, supervised=[True] + [False] * (len(encoded.ids) - 1))
    assert flaw_of(none, example, ends) is Flaw.NOTHING
    last = max(at for at, is_learnt in enumerate(encoded.supervised) if is_learnt)
    endless = replace(encoded, supervised=[*encoded.supervised[:last], *[False] * (len(encoded.ids) - last)])
    assert flaw_of(endless, example, ends) is Flaw.NO_END
    assert flaw_of(encoded, example, ends) is Flaw.NONE
