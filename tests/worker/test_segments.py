"""Attention by segments of a packed row, against PyTorch's own, one segment after another."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from core.worker import segments
from core.worker.segments import attend, attend_backward

LENGTHS = ([1], [7, 7, 9], [5, 130, 1, 17, 300, 96, 97], [600, 3])


def row(lengths, dtype, heads):
    made = torch.randn(sum(lengths) + 1, heads, 8, dtype=torch.float64).to(dtype)
    made[-1] = 0
    return made


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_it_is_attention_of_each_segment_by_itself(lengths, dtype, close):
    torch.manual_seed(0)
    q, k, v, above = (row(lengths, dtype, heads) for heads in (4, 2, 2, 4))
    made, kept = attend(q, k, v, lengths)
    found = attend_backward(above, q, k, v, lengths, kept)
    exact = [tensor.float().requires_grad_() for tensor in (q, k, v)]
    parts = zip(*(tensor[:-1].split(lengths) for tensor in exact), strict=True)
    wanted = torch.cat([one_by_one(*part) for part in parts])
    wanted.backward(above[:-1].float())
    assert (made[:-1] - wanted).abs().max() <= close * wanted.abs().max()
    for gradient, tensor in zip(found, exact, strict=True):
        assert (gradient - tensor.grad)[:-1].abs().max() <= close * tensor.grad.abs().max()
    assert not made[-1].any()


def one_by_one(q, k, v):
    heads = [tensor.transpose(0, 1)[None] for tensor in (q, k, v)]
    return scaled_dot_product_attention(*heads, is_causal=True, scale=1.0, enable_gqa=True)[0].transpose(0, 1)


def test_segments_of_like_length_are_computed_together():
    groups, long = segments._grouped((60, 500, 61, 2000, 58, 64), 512)
    assert [(group.count, group.length) for group in groups] == [(1, 512), (4, 64)]
    assert long == [slice(621, 2621)]
    assert groups[1].tokens.view(4, 64)[0].tolist() == [*range(2621, 2679), *[2743] * 6]
