"""The loss of single examples and texts, many of them in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from transformers import PreTrainedModel

from core.base_models.families import PLAIN_HEADS, logits_at_once
from core.worker.attention import remember_segments, use_packed_attention
from core.worker.batches import Row, Tokens, pack
from core.worker.out_of_memory import attempt, free_memory
from core.worker.packing_proof import ONE_A_ROW, packs_exactly

_ROW_TOKENS = {"cpu": 1024}
_ROW_TOKENS_ON_A_CARD = 8192


class Measurer:
    """Measures with a loaded model, whatever adapter is on it; call it inside :meth:`ready`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._tokens_per_row = _ROW_TOKENS.get(model.device.type, _ROW_TOKENS_ON_A_CARD)
        self._has_plain_head = (
            model.config.model_type in PLAIN_HEADS and type(model.get_output_embeddings()) is nn.Linear
        )

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Let several examples share a row where they keep apart; answers cannot be written meanwhile."""
        implementation = self._model.config._attn_implementation
        by_segments = use_packed_attention(self._model)
        try:
            if not packs_exactly(self._model):
                self._tokens_per_row = ONE_A_ROW
            yield
        finally:
            if by_segments:  # it takes no padding, and answers in batches need it
                self._model.set_attn_implementation(implementation)

    def losses(
        self,
        examples: Sequence[Tokens],
        tell: Callable[[list[float]], object],
        too_much: Callable[[], object] | None = None,
    ) -> None:
        """Tell the cross entropy of each example's supervised tokens, in nats, summed: a list a row, in order.

        When the memory is full, the rest is measured in smaller rows. A single example that is too much is passed over,
        which ``too_much`` is told in its turn.

        Raises:
            MemoryError, torch.OutOfMemoryError: a single example is too much, and there is nobody to tell.
        """
        done = 0
        while done < len(examples):
            row = pack(examples[done:], self._tokens_per_row)[0]
            together = len(row.lengths)
            # With a single example in the row there is nothing left to lower.
            must = together == 1 and too_much is None
            found = self._row(row) if must else attempt(partial(self._row, row))
            if found is None:
                free_memory(self._model.device)
                if together == 1 and too_much is not None:
                    too_much()
                    done += 1
                    continue
                self._tokens_per_row = max(ONE_A_ROW, sum(row.lengths) // 2)
                continue
            tell(found)
            done += together

    def _row(self, row: Row) -> list[float]:
        row = row.to(self._model.device)
        remember_segments(row.position_ids, row.lengths)
        with torch.no_grad():
            each = self._token_losses(row)
        ends = torch.tensor(row.lengths).cumsum(0)
        owner = torch.bucketize(row.keep.cpu(), ends, right=True)
        summed = torch.zeros(len(row.lengths), dtype=torch.float64).index_add_(0, owner, each.double().cpu())
        return [float(loss) for loss in summed]

    def _token_losses(self, row: Row) -> torch.Tensor:
        """The cross entropy of each label (labels), the logits made a slice at a time where the head is a plain one."""
        inputs = {"input_ids": row.input_ids, "position_ids": row.position_ids, "use_cache": False}
        if not self._has_plain_head:
            logits = self._model(**inputs, logits_to_keep=row.keep).logits[0]
            return nn.functional.cross_entropy(logits.float(), row.labels, reduction="none")
        head = self._model.get_output_embeddings()
        hidden = self._model.base_model(**inputs)[0][0, row.keep]
        at_once = max(1, logits_at_once(hidden.device.type) // head.weight.shape[0])
        parts = zip(torch.split(hidden, at_once), torch.split(row.labels, at_once), strict=True)
        each = [nn.functional.cross_entropy(head(h).float(), labels, reduction="none") for h, labels in parts]
        return torch.cat(each) if each else hidden.new_zeros(0)
