"""The starter model's tokenizer: byte-level BPE of 2,048 tokens, learnt from the corpus, with a chat template."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from starter_model.corpus import Document, documents

SIZE = 2048
SEED = 1
DOCUMENTS = 40_000
LONGEST = 512  # positions of the model
PAD, BOS, END, USER, ASSISTANT, SYSTEM = SPECIAL = (
    "<|pad|>",
    "<|bos|>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
)
TEMPLATE = (
    "{% for m in messages %}{{ '<|'+m['role']+'|>'+m['content']+'<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def train(size: int = SIZE, count: int = DOCUMENTS, seed: int = SEED) -> PreTrainedTokenizerFast:
    """Learn the merges from the first documents of the corpus; the same for the same arguments."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = ("\n".join((each.system, each.prompt, each.output)) for each in islice(documents(seed), count))
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, bos_token=BOS, eos_token=END, model_max_length=LONGEST
    )
    fast.chat_template = TEMPLATE
    return fast


def save(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    tokenizer.save_pretrained(folder)


def texts(document: Document) -> tuple[str, str]:
    """A document as the model reads it: what is given, and what it is to write, up to the end token.

    For chats this is the text of the chat template (a test compares them).
    """
    if not document.prompt:
        return BOS, document.output + END
    system = f"{SYSTEM}{document.system}{END}" if document.system else ""
    return f"{system}{USER}{document.prompt}{END}{ASSISTANT}", document.output + END
