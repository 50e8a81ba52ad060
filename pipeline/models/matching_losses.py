"""Losses over a batch's similarities: CRCL's and its baselines.

Each takes S (B, B), images in rows and texts in columns, with the given pairs on the diagonal.
"""

import torch
from torch import Tensor

from pipeline.params.matching import LossParams


def matching_loss(similarity: Tensor, labels: Tensor, params: LossParams) -> Tensor:
    """The loss that the parameters name; only CRCL's reads the labels (B,)."""
    if params.name == "active_complementary":
        return active_complementary_loss(
            similarity, labels, params.temperature, params.weight, params.tangent
        )
    if params.name == "complementary":
        return complementary_loss(similarity, params.temperature)
    if params.name == "hinge":
        return hinge_loss(similarity, params.margin)
    return infonce_loss(similarity, params.temperature)


def matching_probabilities(similarity: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """log p_ij, of text j for image i, and log q_ij, of image j for text i; (B, B) each."""
    scaled = similarity / temperature
    return scaled.log_softmax(1), scaled.T.log_softmax(1)


def estimates(similarity: Tensor, temperature: float) -> Tensor:
    """The model's estimate that each given pair is right, (p_ii + q_ii) / 2; (B,), no gradient."""
    p, q = (x.diagonal().exp() for x in matching_probabilities(similarity.detach(), temperature))
    return (p + q) / 2


def active_complementary_loss(
    similarity: Tensor, labels: Tensor, temperature: float, weight: float, tangent: bool
) -> Tensor:
    """CRCL's active complementary loss, robust to wrong pairs.

    The active part is -y_i (log p_ii + log q_ii). The complementary part, times `weight`, is the
    sum of tan p_ij over j != i, divided by the sum over all j to the power 1 - y_i; likewise for q.

    labels: (B,) soft correspondence y from 0 (wrong) to 1 (right), without gradient. tangent: False
    for plain probabilities in place of their tangents.
    """
    directions = matching_probabilities(similarity, temperature)
    active = -labels * (directions[0].diagonal() + directions[1].diagonal())  # (B,)
    complementary = torch.zeros_like(active)
    for log_p in directions:
        values = log_p.exp().tan() if tangent else log_p.exp()  # (B, B)
        complementary = complementary + _complementary_part(values, labels)
    return active.mean() + weight * complementary.mean()


def _complementary_part(values: Tensor, labels: Tensor) -> Tensor:
    total = values.sum(1)  # (B,)
    return (total - values.diagonal()) / total ** (1 - labels)


def complementary_loss(similarity: Tensor, temperature: float) -> Tensor:
    """Negative learning (Kim et al., ICCV 2019) in both directions: -log(1 - p_ij) over j != i."""
    total = similarity.new_zeros(())
    for log_p in matching_probabilities(similarity, temperature):
        # A probability that rounds to 1 would have an infinite loss.
        rest = (-_others(log_p).clamp(max=-1e-6).expm1()).log()
        total = total - rest.sum() / len(similarity)
    return total


def _others(values: Tensor) -> Tensor:
    """What is not on the diagonal, (B, B) -> (B (B - 1),), without waiting for a device to tell."""
    count = len(values)
    return values.flatten()[1:].view(count - 1, count + 1)[:, :-1].flatten()


def hinge_loss(similarity: Tensor, margin: float) -> Tensor:
    """VSE++ (Faghri et al., BMVC 2018): triplet loss on the batch's hardest negatives."""
    positive = similarity.diagonal()  # (B,)
    itself = torch.eye(len(positive), dtype=torch.bool, device=positive.device)
    others = similarity.masked_fill(itself, -torch.inf)
    texts = (margin + others.amax(1) - positive).clamp(min=0)  # (B,)
    images = (margin + others.amax(0) - positive).clamp(min=0)  # (B,)
    return (texts + images).mean()


def infonce_loss(similarity: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each image's text and each text's image (van den Oord et al., 2018)."""
    p, q = matching_probabilities(similarity, temperature)
    return -(p.diagonal() + q.diagonal()).mean()


def related_loss(
    similarity: Tensor, related: Tensor, temperature: float, target_temperature: float
) -> Tensor:
    """InfoNCE to targets among all texts and all images, by how well they fit.

    The lower the target temperature, the less do others than the given pair count.

    related: (B, B), from -1 to 1, images in rows and texts in columns.
    """
    targets = matching_probabilities(related, target_temperature)
    found = matching_probabilities(similarity, temperature)
    total = similarity.new_zeros(len(similarity))  # (B,)
    for log_target, log_p in zip(targets, found, strict=True):
        total = total - (log_target.exp() * log_p).sum(1)
    return total.mean()
