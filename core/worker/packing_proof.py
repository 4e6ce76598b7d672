"""Whether examples that share a row keep apart in a loaded model: tried out, not taken from a list of architectures.

Attention is kept apart by position ids that restart. Models with a recurrent state or a convolution, and some older
architectures, let the examples of a row see each other all the same, without a word.
"""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

ONE_A_ROW = 1  # tokens of a row: each example gets one of its own
_FIRST, _SECOND = 6, 9  # tokens
_LEAK = 1e-3  # of the largest logit: what the first example may change in the second; kernels round, too
_LEAK_INT8 = 0.02  # the outliers that LLM.int8 computes apart are those of the whole row
_OTHER = 0.1  # of the largest logit: what being in a row may change at all, in 16 bits


def packs_exactly(model: PreTrainedModel) -> bool:
    """Whether an example's logits do not depend on the example before it in a row, and are those that it has alone.

    Args:
        model: a causal language model of Transformers; it is left as it was.
    """
    config = model.config.get_text_config()
    device = model.device
    draw = torch.Generator().manual_seed(0)
    first, other, second = (
        torch.randint(0, config.vocab_size, (length,), generator=draw) for length in (_FIRST, _FIRST, _SECOND)
    )
    was_training = model.training
    model.eval()
    with torch.no_grad():
        after_first, after_other, alone = (
            _logits(model, [example.to(device) for example in row])
            for row in ([first, second], [other, second], [second])
        )
    model.train(was_training)
    largest = float(alone.abs().max())
    leak, difference = float((after_first - after_other).abs().max()), float((after_first - alone).abs().max())
    allowed = _LEAK_INT8 if getattr(model, "is_loaded_in_8bit", False) else _LEAK
    return leak <= allowed * largest and difference <= _OTHER * largest


def _logits(model: PreTrainedModel, row: list[torch.Tensor]) -> torch.Tensor:
    """The logits of the last example of a row."""
    ids = torch.cat(row)[None]
    positions = torch.cat([torch.arange(len(example), device=ids.device) for example in row])[None]
    keep = torch.arange(ids.shape[1] - len(row[-1]), ids.shape[1], device=ids.device)
    found: torch.Tensor = model(input_ids=ids, position_ids=positions, use_cache=False, logits_to_keep=keep).logits[0]
    return found.float()
