"""The generalised pooling operator of VSE-infinity (Chen et al., CVPR 2021, arXiv 2011.04305)."""

import torch
from torch import Tensor, nn

from pipeline.core.device import on_device
from pipeline.models.layers import masked_softmax, recurrent_states

_CODE_WIDTH = 32
_TEMPERATURE = 0.1


class GPO(nn.Module):
    """Pools a set by a weighted sum of each channel's sorted values.

    The weight of each rank is learned and depends only on the size of the set; mean and maximum
    pooling are special cases.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bigru = nn.GRU(_CODE_WIDTH, _CODE_WIDTH, batch_first=True, bidirectional=True)
        self.weigh = nn.Linear(_CODE_WIDTH, 1, bias=False)

    def forward(self, values: Tensor, host: Tensor) -> Tensor:
        """(B, M, d) and a mask (B, M) on the host -> (B, d); zero for an empty set."""
        mask = on_device(host, values.device)
        # Twice as fast on a CPU as sorting along a strided axis.
        channels = values.masked_fill(~mask.unsqueeze(-1), -torch.inf).transpose(1, 2)  # (B, d, M)
        ranked = channels.contiguous().sort(dim=-1, descending=True).values
        sizes = host.sum(1)  # (B,)
        valid = torch.arange(host.shape[1]) < sizes.unsqueeze(1)  # (B, M)
        ranked = ranked.masked_fill(on_device(~valid, values.device).unsqueeze(1), 0)
        return (ranked @ self.weights(sizes, mask.shape[1]).unsqueeze(-1)).squeeze(-1)  # (B, d)

    def weights(self, sizes: Tensor, longest: int) -> Tensor:
        """The weight of each rank in sets of these sizes, (B,) on the host -> (B, longest); zero on
        padding."""
        # Equal sizes have equal weights, and most batches have few distinct sizes.
        distinct, place = torch.unique(sizes, return_inverse=True)
        valid = torch.arange(longest) < distinct.unsqueeze(1)  # (U, M)
        dtype, device = self.weigh.weight.dtype, self.weigh.weight.device
        codes = on_device(position_codes(longest).to(dtype), device)
        codes = codes.expand(len(distinct), -1, -1)  # (U, M, 32)
        # The backward GRU starts at a set's last rank; an empty set's weights are not used.
        ranks = valid | (torch.arange(longest) == 0)
        states = recurrent_states(
            self.bigru, codes.expand(len(distinct), -1, -1), ranks, ranks.sum(1)
        )
        forth, back = states.chunk(2, dim=-1)  # (U, M, 32)
        scores = self.weigh((forth + back) / 2).squeeze(-1)  # (U, M)
        weights = masked_softmax(scores / _TEMPERATURE, on_device(valid, device))
        return weights[on_device(place, device)]


def position_codes(count: int) -> Tensor:
    """Sinusoids (Vaswani et al., 2017): sines in even, cosines in odd columns, (count, 32)."""
    place = torch.arange(count, dtype=torch.float32).unsqueeze(1)  # (M, 1)
    even = torch.arange(0, _CODE_WIDTH, 2)  # (16,)
    angles = place / 10000 ** (even / _CODE_WIDTH)  # (M, 16)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
