"""A made-up language, examples in it, and base models of any shape that know a little of it or nothing at all."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.dataset.example import Example

_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_VOCABULARY = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a Llama."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    key_heads: int
    vocabulary: int = _VOCABULARY
    tied: bool = True

    @property
    def multiplied(self) -> int:
        """Weights that take part in a matrix product for each token: linear layers and the head."""
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.hidden * self.key_heads // self.heads
        return self.layers * (attention + 3 * self.hidden * self.feed_forward) + self.hidden * self.vocabulary


SHAPES = {
    "small": Shape(256, 704, 6, 8, 4),
    "1b": Shape(2048, 8192, 16, 32, 8, 128256),
    "3b": Shape(3072, 8192, 28, 24, 8, 128256),
    "8b": Shape(4096, 14336, 32, 32, 8, 128256, tied=False),
}


class Language:
    """So few words that a small model gets to know them; each is followed by one of four others most of the time."""

    def __init__(self) -> None:
        self._draw = random.Random(7)
        syllables = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
        sizes = [1, 2, 2, 3, 3]
        made = {"".join(self._draw.choices(syllables, k=self._draw.choice(sizes))) for _ in range(400)}
        self._words = sorted(made)[:200]
        self._next = {word: self._draw.choices(self._words, k=4) for word in self._words}

    def words(self, count: int, first: str | None = None) -> list[str]:
        """A text of so many words."""
        word = first or self._draw.choice(self._words)
        made = []
        for _ in range(count):
            made.append(word)
            unlikely = self._draw.random() < 0.05
            follows = self._draw.choices(self._next[word], (50, 25, 15, 10))[0]
            word = self._draw.choice(self._words) if unlikely else follows
        return made

    def example(self, number: int) -> Example:
        """One task; lengths are skewed as those of real data are, about 40 % is the answer."""
        length = min(400, max(20, int(self._draw.lognormvariate(math.log(85), 0.75)))) - 14
        share = min(0.85, max(0.15, self._draw.betavariate(3, 3)))
        asked = max(3, int(length * share))
        answered = max(2, length - asked)
        text = self.words(asked)
        match self._draw.randrange(3):
            case 0:
                instruction, output = "Reverse the words", text[:answered][::-1]
            case 1:
                instruction, output = "Continue the story", self.words(answered, self._next[text[-1]][0])
            case _:
                instruction, output = "Repeat the first word, then go on", [text[0], *self.words(answered, text[0])]
        return Example(id=number, instruction=instruction, input=" ".join(text), output=" ".join(output))


def make(folder: Path, shape: Shape, *, examples: int, heldout: int, pretraining: int) -> None:
    """Write a base model into ``folder/model``, and the examples that go with it.

    Args:
        folder: a new folder.
        shape: of the model.
        examples: how many to train on.
        heldout: how many besides.
        pretraining: optimizer steps in which a small model learns the language; 0 leaves the weights random.
    """
    language = Language()
    made = [language.example(number + 1) for number in range(examples + heldout)]
    texts = [" ".join(language.words(160)) for _ in range(2000)]
    texts += [f"{example.prompt} {example.output}" for example in made[:examples]]
    tokenizer = _tokenizer(texts)
    tokenizer.save_pretrained(folder / "model")
    place = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        max_position_embeddings=2048,
        tie_word_embeddings=shape.tied,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.device(place):
        model = LlamaForCausalLM(config)
    if pretraining:
        _pretrain(model, tokenizer, texts, pretraining)
    elif place == "cuda":
        model = model.bfloat16()
    model.save_pretrained(folder / "model")
    write(folder / "train.jsonl", made[:examples])
    write(folder / "heldout.jsonl", made[examples:])


def write(file: Path, examples: list[Example]) -> None:
    """Examples as JSON lines, as a run folder holds them."""
    file.write_text("".join(json.dumps(example.frozen()) + "\n" for example in examples), encoding="utf-8")


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = _TEMPLATE
    return fast


def _pretrain(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, texts: list[str], steps: int) -> None:
    """Long enough that the held-out loss says something, short enough to be waited for."""
    stream = torch.tensor([token for ids in tokenizer(texts).input_ids for token in [*ids, tokenizer.eos_token_id]])
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    generator = torch.Generator().manual_seed(1)
    model.train()
    for _ in range(steps):
        starts = torch.randint(0, len(stream) - 129, (8,), generator=generator).tolist()
        rows = torch.stack([stream[start : start + 128] for start in starts]).to(model.device)
        model(input_ids=rows, labels=rows, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
