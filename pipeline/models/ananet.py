"""AnANet, the Association and Alignment Network (Xu et al., arXiv 2109.00693; IEEE TMM 2022).

Two streams classify how the image and the text of a pair relate. The association net compares them
as wholes: it splits each side into a shared and a private part and keeps the shared one. The
alignment net compares regions with words: it reconstructs each side from the other and reads the
cosines between items and reconstructions. The streams' logits are added (late fusion).

Shapes: B pairs, K regions (with `model.scenes`: places, the regions first), L words (padded to the
longest text of the batch), N the limit of words per text, d = `model.hidden`, C classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from pipeline.errors import UserError
from pipeline.models.ananet_comparison import Comparison
from pipeline.models.ananet_encoders import ImageEncoder, ScenePlaces, TextEncoder
from pipeline.models.classifier import SCENE_NAMES, Classifier, SceneDims
from pipeline.models.imbalance import classification_loss
from pipeline.models.layers import (
    PairNorm,
    masked_mean,
    masked_statistics,
    zero_classifier,
)
from pipeline.models.saved import load_model, save_model
from pipeline.params.base import Count, Section
from pipeline.params.project import (
    AlignmentParams,
    AssociationParams,
    FusionParams,
    LossParams,
    ModelParams,
)


class AnANetConfig(Section):
    """Everything needed to rebuild the model; saved beside its weights as config.json."""

    labels: Annotated[list[str], Field(min_length=2)]
    region_dim: Count
    word_dim: Count
    regions: Count
    max_words: Count
    # Which encoders made the features: file name -> sha256 of the encoder's fingerprint.
    encoders: dict[str, str]
    model: ModelParams
    association: AssociationParams
    alignment: AlignmentParams
    fusion: FusionParams
    loss: LossParams
    scene: SceneDims

    @property
    def places(self) -> int:
        """Places of V: the regions, then those of the scene."""
        return self.regions + self.scene.places


@dataclass(frozen=True)
class Association:
    """The association net's output."""

    logits: Tensor  # (B, C)
    f_inv_image: Tensor  # (B, d_inv)
    f_inv_text: Tensor  # (B, d_inv)
    f_var_image: Tensor  # (B, d_var)
    f_var_text: Tensor  # (B, d_var)


@dataclass(frozen=True)
class Alignment:
    """The alignment net's output; rows of the attention maps add up to one over valid entries."""

    logits: Tensor  # (B, C)
    A_t2v: Tensor  # (B, K, L): for each region, its weights over the words
    A_v2t: Tensor  # (B, L, K): for each word, its weights over the regions
    v_bar: Tensor  # (B, K)
    t_bar: Tensor  # (B, N)


@dataclass(frozen=True)
class AnANetOutput:
    """The fused logits, and each stream's output if the model has it."""

    logits: Tensor  # (B, C)
    association: Association | None
    alignment: Alignment | None


class AssociationNet(nn.Module):
    """Section IV-B: cross-modal decomposition (Eq. 5 to 7), commonality strengthening (Eq. 8).

    Ours: `association.product` adds to r_g what no sum of both sides can express, the product of
    their normalised invariant parts and its sum, the cosine.
    """

    def __init__(self, config: AnANetConfig) -> None:
        super().__init__()
        d, params = config.model.hidden, config.association
        self.parts, self.product = params.features.split("+"), params.product
        self.W = nn.Linear(d, params.d_inv, bias=False)
        self.P_image = nn.Linear(d, params.d_var, bias=False)
        self.P_text = nn.Linear(d, params.d_var, bias=False)
        widths = {"inv": params.d_inv, "var": params.d_var, "raw": d}
        r_g = 2 * sum(widths[part] for part in self.parts) + self.product * (params.d_inv + 1)
        self.norm = PairNorm(r_g, config.model.vote_norm)
        self.classifier = zero_classifier(r_g, len(config.labels))

    def forward(self, f_image: Tensor, f_text: Tensor) -> Association:
        f = {
            "raw": (f_image, f_text),  # (B, d) each
            "inv": (self.W(f_image), self.W(f_text)),  # (B, d_inv), Eq. 5
            "var": (self.P_image(f_image), self.P_text(f_text)),  # (B, d_var), Eq. 6
        }
        sides = [side for part in self.parts for side in f[part]]
        if self.product:
            product = F.normalize(f["inv"][0], dim=-1) * F.normalize(f["inv"][1], dim=-1)
            sides += [product, product.sum(-1, keepdim=True)]  # (B, d_inv), (B, 1)
        r_g = torch.cat(sides, dim=-1)  # Eq. 8
        return Association(self.classifier(self.norm(r_g)), *f["inv"], *f["var"])


class AlignmentNet(nn.Module):
    """Section IV-C: interactive attention (Eq. 9 to 14), pair-wise comparison (Eq. 15 to 17).

    Ours: `alignment.summary` adds to r_l, which has a place per region and word, what their order
    does not change: mean, least, greatest and deviation of t-bar and v-bar, and the number of
    words.
    """

    def __init__(self, config: AnANetConfig) -> None:
        super().__init__()
        self.params, self.max_words = config.alignment, config.max_words
        self.comparison = Comparison(config.alignment, config.model.hidden)
        r_l = config.max_words + config.places + self.params.summary * (2 * 4 + 1)
        self.norm = PairNorm(r_l, config.model.vote_norm)
        self.classifier = zero_classifier(r_l, len(config.labels))

    def forward(self, V: Tensor, region_mask: Tensor, T: Tensor, word_mask: Tensor) -> Alignment:
        compared = self.comparison(V, region_mask, T, word_mask)
        v_bar, t_bar = compared.v_bar, compared.t_bar  # (B, K), (B, L)
        parts = [F.pad(t_bar, (0, self.max_words - t_bar.shape[1])), v_bar]  # (B, N), (B, K)
        if self.params.summary:
            length = word_mask.to(T).sum(1, keepdim=True) / self.max_words  # (B, 1)
            sides = (masked_statistics(t_bar, word_mask), masked_statistics(v_bar, region_mask))
            parts += [*sides, length]  # (B, 4) each, (B, 1)
        r_l = torch.cat(parts, dim=-1)  # (B, N + K), Eq. 17
        logits = self.classifier(self.norm(r_l))
        return Alignment(logits, compared.A_t2v, compared.A_v2t, v_bar, parts[0])


class ConcatHead(nn.Sequential):
    """Rows 7 and 8 of Table IV: average pooling and concatenation instead of both streams."""

    def __init__(self, config: AnANetConfig) -> None:
        d, hidden, classes = config.model.hidden, config.model.concat_hidden, len(config.labels)
        if hidden:
            super().__init__(nn.Linear(2 * d, hidden), nn.ReLU(), nn.Linear(hidden, classes))
        else:
            super().__init__(nn.Linear(2 * d, classes))


class AnANet(Classifier):
    """The network of Fig. 2; `config.model.streams` selects the ablations of Table IV."""

    def __init__(self, config: AnANetConfig) -> None:
        super().__init__()
        self.config = config
        # The statistics of a batch with texts of one length are not those of the corpus.
        self.mixed_batches = config.model.vote_norm == "batch"
        streams = config.model.streams
        self.image_encoder = ImageEncoder(config.region_dim, config.model)
        self.text_encoder = TextEncoder(config.word_dim, config.model)
        self.scene_encoder = (
            ScenePlaces(config.scene, config.model) if config.scene.places else None
        )
        self.association = AssociationNet(config) if streams in ("both", "association") else None
        self.alignment = AlignmentNet(config) if streams in ("both", "alignment") else None
        self.concat = ConcatHead(config) if streams == "none" else None
        # Of the train split, for `loss.classification`; a trained model needs them no more.
        self.class_weights: Tensor
        self.register_buffer("class_weights", torch.ones(len(config.labels)), persistent=False)

    def forward(
        self,
        regions: Tensor,
        region_mask: Tensor,
        words: Tensor,
        word_mask: Tensor,
        pooled: Tensor | None = None,
        grid: Tensor | None = None,
        scene_mask: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> AnANetOutput:
        """Classify a batch of pairs.

        Args:
            regions: (B, K, D_r) detector features, float.
            region_mask: (B, K) bool, false where the image has no such region.
            words: (B, L, D_w) word vectors, L <= N, padded at the end.
            word_mask: (B, L) bool, false on padding; every text has at least one word.
            pooled, grid, scene_mask: with `model.scenes`, see `ScenePlaces`.
            lengths: (B,) words of each text, on the host, so that a GPU is not waited for.

        Raises:
            UserError: a text is longer than N.
        """
        words, word_mask, lengths = self._padded(words, word_mask, lengths)
        V = self.image_encoder(regions)  # (B, K, d)
        if self.scene_encoder:
            V, region_mask = self.scene_encoder(V, region_mask, pooled, grid, scene_mask)
        T = self.text_encoder(words, word_mask, lengths)  # (B, L, d)
        f_image = masked_mean(V, region_mask)  # (B, d)
        f_text = masked_mean(T, word_mask)  # (B, d)

        association = self.association(f_image, f_text) if self.association else None
        alignment = self.alignment(V, region_mask, T, word_mask) if self.alignment else None
        if self.concat:
            logits = self.concat(torch.cat([f_image, f_text], dim=-1))  # (B, C)
        else:
            logits = self._fuse(association, alignment)
        return AnANetOutput(logits, association, alignment)

    def features(self) -> tuple[str, ...]:
        """The names of the features that it reads: scenes only with `model.scenes`."""
        names = super().features()
        return names if self.scene_encoder else tuple(n for n in names if n not in SCENE_NAMES)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the encoders and W, which pretraining learns."""
        W = self.association.W if self.association else None
        parts = (self.image_encoder, self.scene_encoder, self.text_encoder, W)
        return [parameter for part in parts if part for parameter in part.parameters()]

    def _padded(
        self, words: Tensor, word_mask: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """What the streams read: all N words unless padding is masked."""
        room = self.config.max_words - words.shape[1]
        if room < 0:
            raise UserError(
                f"a text has {words.shape[1]} words, but the model takes {self.config.max_words}"
            )
        if self.config.model.mask_padding:
            return words, word_mask, lengths
        words = words.masked_fill(~word_mask.unsqueeze(-1), 0)
        words = F.pad(words, (0, 0, 0, room))  # (B, N, D_w)
        size, longest = words.shape[:2]
        return words, word_mask.new_ones(size, longest), torch.full((size,), longest)  # (B, N)

    def _fuse(self, association: Association | None, alignment: Alignment | None) -> Tensor:
        """Eq. 18 before its softmax, without the terms of absent streams."""
        logits = []
        if association:
            logits.append(self.config.fusion.lambda_ * association.logits)
        if alignment:
            logits.append(self.config.fusion.eta * alignment.logits)
        return torch.stack(logits).sum(0)  # (B, C)

    def loss(self, output: AnANetOutput, labels: Tensor) -> dict[str, Tensor]:
        """Eq. 19 to 22 for labels (B,): the terms `classification`, `invariant`, `orthogonal`
        (unweighted scalars; the last two only with an association net) and their `total`."""
        params = self.config.loss
        weights = self.class_weights
        terms = {"classification": classification_loss(output.logits, labels, weights, params)}
        total = terms["classification"]
        if output.association:
            terms["invariant"] = self._invariant_loss(output.association)
            terms["orthogonal"] = self._orthogonal_loss(output.association)
            total = total + params.alpha * terms["invariant"] + params.beta * terms["orthogonal"]
        return terms | {"total": total}

    def _invariant_loss(self, found: Association) -> Tensor:
        """Eq. 20 for each pair, then over the batch."""
        params = self.config.loss
        squares = (found.f_inv_image - found.f_inv_text).square().sum(-1)  # (B,)
        norms = squares if params.inv_squared else (squares + params.eps).sqrt()
        return norms.mean() if params.reduction == "mean" else norms.sum()

    def _orthogonal_loss(self, found: Association) -> Tensor:
        """Eq. 21, summed over image and text."""
        assert self.association
        W = self.association.W.weight  # (d_inv, d)
        sides = (
            (self.association.P_image.weight, found.f_inv_image, found.f_var_image),
            (self.association.P_text.weight, found.f_inv_text, found.f_var_text),
        )
        total = W.new_zeros(())
        for P, f_inv, f_var in sides:  # P: (d_var, d)
            if self.config.association.orthogonality == "feature":
                total = total + F.cosine_similarity(f_inv, f_var, dim=-1).square().mean()
            else:
                total = total + self._product_norm(W, P)
        return total

    def _product_norm(self, W: Tensor, P: Tensor) -> Tensor:
        """The Frobenius norm of W^T P (wtp) or W P^T (wpt)."""
        params = self.config.loss
        if self.config.association.orthogonality == "wtp":
            # |W^T P|^2 = <W W^T, P P^T>: two d_inv x d_inv products instead of one d x d.
            square = ((W @ W.T) * (P @ P.T)).sum().clamp(min=0)
            entries = W.shape[1] * P.shape[1]
        else:
            square = (W @ P.T).square().sum()
            entries = W.shape[0] * P.shape[0]
        if params.orth_norm == "div_dim":
            square = square / entries
        return square if params.orth_squared else (square + params.eps).sqrt()

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors into the folder."""
        save_model(folder, self, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The model that `save_pretrained` wrote, in evaluation mode on the CPU.

        Raises:
            UserError: a file is missing or damaged, or config and weights do not belong together.
        """
        return load_model(folder, AnANetConfig, cls)
