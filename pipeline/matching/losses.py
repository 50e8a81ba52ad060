"""Losses over a batch's similarities: CRCL's, and those it is compared with.

Each takes S (B, B), pictures in rows and texts in columns, whose diagonal holds the given pairs.
"""

import torch
from torch import Tensor


def matching_probabilities(similarity: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """log p_ij, of text j for picture i, and log q_ij, of picture j for text i; (B, B) each."""
    scaled = similarity / temperature
    return scaled.log_softmax(1), scaled.T.log_softmax(1)


def estimates(similarity: Tensor, temperature: float) -> Tensor:
    """How likely each given pair is right by the model's own judgement, (p_ii + q_ii) / 2; (B,)."""
    p, q = (x.diagonal().exp() for x in matching_probabilities(similarity.detach(), temperature))
    return (p + q) / 2


def active_complementary_loss(
    similarity: Tensor, labels: Tensor, temperature: float, weight: float, tangent: bool
) -> Tensor:
    """CRCL's loss: the trusted part of a pair attracts, all others repel within bounds.

    Its active part is -y_i (log p_ii + log q_ii). Its complementary part, times `weight`, is the
    tangent of what others than the own text get, over the tangent of all to the power 1 - y_i; and
    the same for pictures.

    Args:
        labels: (B,) soft correspondence y from 0 (wrong) to 1 (right), which get no gradient.
        tangent: False for plain probabilities in place of their tangents.
    """
    directions = matching_probabilities(similarity, temperature)
    active = -labels * (directions[0].diagonal() + directions[1].diagonal())  # (B,)
    complementary = torch.zeros_like(active)
    for log_p in directions:
        values = log_p.exp().tan() if tangent else log_p.exp()  # (B, B)
        total = values.sum(1)  # (B,)
        complementary = complementary + (total - values.diagonal()) / total ** (1 - labels)
    return active.mean() + weight * complementary.mean()


def complementary_loss(similarity: Tensor, temperature: float) -> Tensor:
    """Learning from what does not match alone (Kim et al., ICCV 2019), in both directions:
    -log(1 - p_ij), summed over j != i.
    """
    others = ~torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
    total = similarity.new_zeros(())
    for log_p in matching_probabilities(similarity, temperature):
        # A probability that rounds to 1 would have an infinite logarithm, and no gradient.
        rest = (-log_p[others].clamp(max=-1e-6).expm1()).log()
        total = total - rest.sum() / len(similarity)
    return total


def hinge_loss(similarity: Tensor, margin: float) -> Tensor:
    """VSE++ (Faghri et al., BMVC 2018): only the hardest text and picture of the batch count."""
    own = similarity.diagonal()  # (B,)
    itself = torch.eye(len(own), dtype=torch.bool, device=own.device)
    others = similarity.masked_fill(itself, -torch.inf)
    texts = (margin + others.amax(1) - own).clamp(min=0)  # (B,)
    pictures = (margin + others.amax(0) - own).clamp(min=0)  # (B,)
    return (texts + pictures).mean()


def infonce_loss(similarity: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each picture's text and each text's picture (van den Oord et al., 2018)."""
    p, q = matching_probabilities(similarity, temperature)
    return -(p.diagonal() + q.diagonal()).mean()
