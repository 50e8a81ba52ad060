"""Deep Classifier (Otto et al., International Journal of Multimedia Information Retrieval, 2020).

Image-guided attention pools the states of a GRU over the words; the result and the image's feature
are classified by a network with one hidden layer.

Adapted: one classifier over the corpus' classes instead of the authors' eight; the image feature
is frozen. The form of the attention (a score from one hidden layer) and all widths are ours.
"""

import torch
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import masked_softmax, recurrent_states
from pipeline.params.base import Count, Dropout, Section


class DeepClassifierParams(Section):
    """Widths of the GRU, of the attention's hidden layer, and of the classifier's."""

    text_width: Count  # d_t
    attention_width: Count  # d_a
    hidden: Count
    dropout: Dropout


class DeepClassifier(Baseline):
    """Image-guided attention over the words, then a hidden layer over both sides."""

    params_type = DeepClassifierParams

    def __init__(self, params: DeepClassifierParams, sizes: Sizes) -> None:
        super().__init__()
        d_t, d_a = params.text_width, params.attention_width
        self.gru = nn.GRU(sizes.word_dim, d_t, batch_first=True)
        self.W_h = nn.Linear(d_t, d_a, bias=False)
        self.W_v = nn.Linear(sizes.pooled_dim, d_a)
        self.w = nn.Linear(d_a, 1, bias=False)
        self.classifier = nn.Sequential(
            nn.Linear(d_t + sizes.pooled_dim, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.hidden, sizes.classes),
        )

    def forward(
        self, pooled: Tensor, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Output:
        h = recurrent_states(self.gru, words, word_mask, lengths)  # (B, L, d_t)
        text = (self.attention(pooled, h, word_mask).unsqueeze(1) @ h).squeeze(1)  # (B, d_t)
        return Output(self.classifier(torch.cat([text, pooled], dim=-1)))

    def attention(self, pooled: Tensor, h: Tensor, word_mask: Tensor) -> Tensor:
        """Weights over the words (B, L), for the image (B, D_p) and the states (B, L, d_t)."""
        hidden = (self.W_h(h) + self.W_v(pooled).unsqueeze(1)).tanh()  # (B, L, d_a)
        return masked_softmax(self.w(hidden).squeeze(-1), word_mask)
