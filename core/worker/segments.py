"""Causal attention by segments of a packed row on a CPU, forwards and backwards, segments of like length at once.

A packed row has many short segments, and for those the calls cost more than what they compute. So segments are filled
up to the length of the longest of some that are nearly as long, and computed together: some queries at a time with the
keys they see. What fills them up is seen by nobody and gets no gradient. Very long segments go to PyTorch's flash
kernel, which keeps nothing that grows with the square of the length.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

_AT_ONCE = 96  # queries: fewer take more calls, more compute more of what is not seen
_ROUNDED_TO = 32  # tokens: 16-bit products are compiled anew for each shape
_A_CALL = 80**2  # what calls for some more queries cost, in scores of all heads
_LONGEST = {torch.float32: 128, torch.bfloat16: 512}  # from here on the flash kernel is as fast, or leaner
_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True, slots=True)
class _Group:
    """Segments that are computed together, each filled up to ``length`` with the token behind the last one."""

    count: int
    length: int
    tokens: torch.Tensor

    @property
    def tiles(self) -> Iterator[slice]:
        """Queries that are computed at once."""
        for start in range(0, self.length, _AT_ONCE):
            yield slice(start, min(start + _AT_ONCE, self.length))

    def take(self, heads: torch.Tensor, key_heads: int) -> torch.Tensor:
        """Heads (tokens, heads, size) as (segments times key heads, heads of each, length, size)."""
        taken = heads.index_select(0, self.tokens).view(self.count, self.length, key_heads, -1, heads.shape[2])
        return taken.permute(0, 2, 3, 1, 4).reshape(-1, taken.shape[3], self.length, heads.shape[2])

    def put(self, heads: torch.Tensor, taken: torch.Tensor) -> None:
        """The other way round."""
        by_token = taken.view(self.count, -1, *taken.shape[1:]).permute(0, 3, 1, 2, 4)
        heads.index_copy_(0, self.tokens, by_token.reshape(-1, *heads.shape[1:]).to(heads.dtype))


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, lengths: Sequence[int]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Attended values, of the shape of ``q``, and what the backward pass needs.

    All tensors have at least one token behind the last segment's, of zeros.

    Args:
        q: scaled queries (tokens, heads, head size).
        k: keys (tokens, key heads, head size); a key head serves as many heads as there are more of those.
        v: values, like the keys.
        lengths: of the segments, one after another.
    """
    made = torch.empty_like(q)
    kept: list[torch.Tensor] = []
    groups, long = _grouped(tuple(lengths), _LONGEST[q.dtype])
    for part in long:
        out, normaliser = _flash(*_repeated(q[part], k[part], v[part]), 0.0, True, scale=1.0)
        made[part] = out[0].transpose(0, 1)
        kept += [out, normaliser]
    for group in groups:
        queries, keys, values = (group.take(heads, k.shape[1]) for heads in (q, k, v))
        out = torch.empty_like(queries)
        for tile in group.tiles:
            shares = _shares(_flat(queries, tile), _flat(keys, slice(tile.stop)), tile)
            attended = torch.bmm(shares, _flat(values, slice(tile.stop)))
            out[:, :, tile] = attended.view(out[:, :, tile].shape)
            kept.append(shares)
        group.put(made, out)
    made[sum(lengths) :] = 0
    return made, kept


def attend_backward(
    gradient: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    lengths: Sequence[int],
    kept: Sequence[torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of scaled queries, keys and values, like them but that the tokens behind have no meaning."""
    of_q, of_k, of_v = (torch.empty_like(tensor) for tensor in (q, k, v))
    rest = iter(kept)
    groups, long = _grouped(tuple(lengths), _LONGEST[q.dtype])
    for part in long:
        outer, *inputs = _repeated(gradient[part], q[part], k[part], v[part])
        found = _flash_backward(outer, *inputs, next(rest), next(rest), 0.0, True, scale=1.0)
        of_q[part] = found[0][0].transpose(0, 1)
        for of_heads, tensor in zip((of_k, of_v), found[1:], strict=True):
            of_heads[part] = tensor[0].view(k.shape[1], -1, *tensor.shape[2:]).sum(1).transpose(0, 1)
    for group in groups:
        taken = [group.take(heads, k.shape[1]) for heads in (gradient, q, k, v)]
        shares = [next(rest) for _ in group.tiles]
        for of_heads, of_taken in zip((of_q, of_k, of_v), _group_backward(group, shares, *taken), strict=True):
            group.put(of_heads, of_taken)
    return of_q, of_k, of_v


def _group_backward(
    group: _Group,
    all_shares: Sequence[torch.Tensor],
    above: torch.Tensor,
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    of_queries = torch.empty_like(queries)
    # Summed over tiles in float32.
    of_keys, of_values = (torch.zeros(tensor.shape) for tensor in (keys, values))
    for tile, shares in zip(group.tiles, all_shares, strict=True):
        seen = slice(tile.stop)
        outer = _flat(above, tile)
        of_shares = torch.bmm(outer, _flat(values, seen).transpose(1, 2)).float()
        of_scores = torch._softmax_backward_data(of_shares, shares.float(), -1, torch.float32).to(queries.dtype)
        of_queries[:, :, tile] = torch.bmm(of_scores, _flat(keys, seen)).view(of_queries[:, :, tile].shape)
        of_values[:, 0, seen] += torch.bmm(shares.transpose(1, 2), outer)
        of_keys[:, 0, seen] += torch.bmm(of_scores.transpose(1, 2), _flat(queries, tile))
    return of_queries, of_keys, of_values


@functools.lru_cache(maxsize=4)
def _grouped(lengths: tuple[int, ...], longest: int) -> tuple[list[_Group], list[slice]]:
    """How segments are computed: groups of the shorter ones, and where the long ones lie."""
    starts = [0, *itertools.accumulate(lengths)]
    behind = starts.pop()
    parts = sorted(zip(lengths, starts, strict=True))
    short = [part for part in parts if part[0] <= longest]
    groups = []
    for first, last in _cuts([length for length, _ in short]):
        some = short[first:last]
        tokens = torch.full((len(some), _rounded(some[-1][0])), behind)
        for row, (length, start) in zip(tokens, some, strict=True):
            row[:length] = torch.arange(start, start + length)
        groups.append(_Group(len(some), tokens.shape[1], tokens.flatten()))
    long = [slice(start, start + length) for length, start in parts[len(short) :]]
    return groups, long


def _cuts(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """From where to where rising lengths are computed together, so that it costs least."""
    costs, starts = [0], [0]
    for stop in range(1, len(lengths) + 1):
        by_start = [costs[start] + _cost(stop - start, _rounded(lengths[stop - 1])) for start in range(stop)]
        costs.append(min(by_start))
        starts.append(by_start.index(costs[-1]))
    made, stop = [], len(lengths)
    while stop:
        made.append((starts[stop], stop))
        stop = starts[stop]
    return made


@functools.cache
def _cost(count: int, length: int) -> int:
    ends = [min(start + _AT_ONCE, length) for start in range(0, length, _AT_ONCE)]
    return sum(count * (end - start) * end + _A_CALL for start, end in zip([0, *ends], ends, strict=False))


def _rounded(length: int) -> int:
    return length + -length % _ROUNDED_TO


def _shares(q: torch.Tensor, k: torch.Tensor, tile: slice) -> torch.Tensor:
    """Attention weights (key heads of all segments, heads each times queries, keys)."""
    scores = torch.bmm(q, k.transpose(1, 2)).float()
    queries = tile.stop - tile.start
    scores.view(len(k), -1, queries, tile.stop)[..., tile.start :].add_(_later()[:queries, :queries])
    return torch.softmax(scores, -1).to(q.dtype)


@functools.cache
def _later() -> torch.Tensor:
    """Added to scores so that no token sees a later one."""
    return torch.full((_AT_ONCE, _AT_ONCE), float("-inf")).triu_(1)


def _flat(taken: torch.Tensor, tokens: slice) -> torch.Tensor:
    """Some tokens as matrices (key heads of all segments, heads each times tokens, head size)."""
    return taken[:, :, tokens].reshape(len(taken), -1, taken.shape[3])


def _repeated(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """As many heads everywhere as in the first, in float32, as (1, heads, tokens, head size)."""
    heads = tensors[0].shape[1]
    return [tensor.transpose(0, 1).float().repeat_interleave(heads // tensor.shape[1], 0)[None] for tensor in tensors]
