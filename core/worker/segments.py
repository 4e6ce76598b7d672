"""Causal attention within each segment of a packed row on a CPU, forwards and backwards, without autograd.

Segments of usual length are computed as plain products, a few queries at a time with the keys that they see; very long
ones by PyTorch's flash kernel, which keeps nothing that grows with the square of the length.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import torch

SPARE = 16
"""Rows that tensors must have behind the last token: 16-bit products are compiled anew for each shape, so that their
sizes are rounded up. What lies behind a segment gets no weight."""
_AT_ONCE = 128  # queries: fewer take more calls, more compute more of what is not seen
_LONGEST = {torch.float32: 128, torch.bfloat16: 512}  # from here on the flash kernel is as fast, or leaner
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, lengths: Sequence[int]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Attended values, of the shape of ``q``, and what the backward pass needs.

    Args:
        q: scaled queries (heads, tokens and :data:`SPARE` more, head size).
        k: keys (key heads, tokens, head size); a key head serves as many heads as there are more of those.
        v: values, like the keys.
        lengths: of the segments, one after another.
    """
    made = torch.empty_like(q)
    queries, of_queries = _grouped(q, k), _grouped(made, k)
    kept: list[torch.Tensor] = []
    for part in _parts(lengths):
        if part.stop - part.start > _LONGEST[q.dtype]:
            inputs = _repeated(q[:, part], k[:, part], v[:, part])
            out, normaliser = _flash(*inputs, 0.0, True, scale=1.0)
            made[:, part] = out[0]
            kept += [out, normaliser]
            continue
        for few, rows, seen in _tiles(part, q.dtype):
            shares = _shares(_flat(queries, rows), k[:, seen], rows.stop - rows.start, few.stop - few.start)
            out = torch.bmm(shares, v[:, seen]).view(len(k), -1, rows.stop - rows.start, q.shape[2])
            of_queries[:, :, few] = out[:, :, : few.stop - few.start]
            kept.append(shares)
    return made, kept


def attend_backward(
    gradient: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    lengths: Sequence[int],
    kept: Sequence[torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients (float32) of scaled queries, keys and values; those of spare rows have no meaning."""
    of_q, of_k, of_v = (torch.zeros(tensor.shape) for tensor in (q, k, v))
    queries, above, of_queries = _grouped(q, k), _grouped(gradient, k), _grouped(of_q, k)
    rest = iter(kept)
    for part in _parts(lengths):
        if part.stop - part.start > _LONGEST[q.dtype]:
            outer, *inputs = _repeated(gradient[:, part], q[:, part], k[:, part], v[:, part])
            found = _flash_backward(outer, *inputs, next(rest), next(rest), 0.0, True, scale=1.0)
            of_q[:, part] = found[0][0]
            of_k[:, part], of_v[:, part] = (_grouped(tensor[0], k).sum(1) for tensor in found[1:])
            continue
        for few, rows, seen in _tiles(part, q.dtype):
            shares, outer, some = next(rest), _flat(above, rows), _flat(queries, rows)
            of_shares = torch.bmm(outer, v[:, seen].transpose(1, 2)).float()
            of_scores = torch._softmax_backward_data(of_shares, shares.float(), -1, torch.float32).to(q.dtype)
            out = torch.bmm(of_scores, k[:, seen]).view(len(k), -1, rows.stop - rows.start, q.shape[2])
            of_queries[:, :, few] = out[:, :, : few.stop - few.start]
            # Spare rows have no weight; spare keys are those of the next segment, which nobody here sees.
            of_v[:, seen] += torch.bmm(shares.transpose(1, 2), outer)
            of_k[:, seen] += torch.bmm(of_scores.transpose(1, 2), some)
    return of_q, of_k, of_v


def _parts(lengths: Sequence[int]) -> Iterator[slice]:
    start = 0
    for length in lengths:
        yield slice(start, start + length)
        start += length


def _tiles(part: slice, dtype: torch.dtype) -> Iterator[tuple[slice, slice, slice]]:
    """Queries of a segment that are computed at once, the same with spare ones, and the keys that those see."""
    spare = 1 if dtype == torch.float32 else SPARE
    for start in range(part.start, part.stop, _AT_ONCE):
        stop = min(start + _AT_ONCE, part.stop)
        end = stop + -(stop - start) % spare
        yield slice(start, stop), slice(start, end), slice(part.start, end)


def _shares(q: torch.Tensor, k: torch.Tensor, computed: int, queries: int) -> torch.Tensor:
    """Attention weights (key heads, heads each times rows, keys); zero in spare rows."""
    scores = torch.bmm(q, k.transpose(1, 2)).float()
    by_head = scores.view(len(k), -1, computed, k.shape[1])
    by_head[..., -computed:].add_(_later()[:computed, :computed])
    shares = torch.softmax(scores, -1).to(q.dtype)
    if computed > queries:
        shares.view(by_head.shape)[:, :, queries:] = 0
    return shares


@functools.cache
def _later() -> torch.Tensor:
    """Added to scores so that no token sees a later one."""
    return torch.full((_AT_ONCE, _AT_ONCE), float("-inf")).triu_(1)


def _flat(grouped: torch.Tensor, rows: slice) -> torch.Tensor:
    """Some rows of grouped heads as matrices (key heads, heads each times rows, head size)."""
    return grouped[:, :, rows].reshape(len(grouped), -1, grouped.shape[3])


def _grouped(heads: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """Heads (key heads, heads each, tokens, head size)."""
    return heads.view(len(k), -1, *heads.shape[1:])


def _repeated(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """As many heads everywhere as in the first, in float32, with a batch of one in front."""
    return [tensor.float().repeat_interleave(len(tensors[0]) // len(tensor), 0)[None] for tensor in tensors]
