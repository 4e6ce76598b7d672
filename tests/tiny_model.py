"""A base model of a few kilobytes with a tokenizer of its own, and a small task for it."""

from pathlib import Path

from core.dataset.example import Example

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def words(number: int) -> Example:
    """A small task: an animal in, its sound out."""
    animals = ["dog", "cat", "cow", "duck", "horse", "sheep", "goat", "lion"]
    sounds = ["woof", "meow", "moo", "quack", "neigh", "baa", "meh", "roar"]
    index = number % len(animals)
    return Example(
        id=number + 1,
        instruction="Say what the animal says.",
        input=f"The {animals[index]} number {number}",
        output=f"{sounds[index]}! " * (1 + number % 3),
    )


def make_tiny_model(folder: Path) -> None:
    """A random two-layer Llama (hidden 64) with a byte-level BPE tokenizer and a ChatML template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"{e.prompt} {e.output}" for e in map(words, range(64))], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
