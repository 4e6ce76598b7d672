"""What is known of families of models by the name of their type, without loading one."""

from __future__ import annotations

# Their logits are the head's product with the last hidden states and nothing else.
PLAIN_HEADS = frozenset({"llama", "mistral", "qwen2", "qwen3", "smollm3", "olmo2", "phi3", "starcoder2"})


def logits_at_once(kind: str) -> int:
    """How many logits are held at a time while the loss is computed: what suits a processor's caches, or a card."""
    return 2**20 if kind == "cpu" else 2**24
