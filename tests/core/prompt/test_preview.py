"""The preview shows the tokens that training takes."""

from __future__ import annotations

import json

from core.dataset.example import Example
from core.prompt.preview import preview


def test_it_shows_what_is_trained(formats):
    example = Example(id=7, instruction="Hello </s>", output="Good evening 😀")
    encoded = formats["chatml"].encode(example)
    shown = json.loads(json.dumps(preview(formats["chatml"], example)))
    assert (shown["id"], shown["text"], shown["length"]) == (7, encoded.text, len(encoded.ids))
    assert shown["supervised"] == encoded.supervised_count == sum(token["supervised"] for token in shown["tokens"])
    assert [token["id"] for token in shown["tokens"]] == encoded.ids
    assert "".join(token["text"] for token in shown["tokens"]) == shown["text"]
    assert {token["role"] for token in shown["tokens"]} == {"template", "user", "assistant"}
