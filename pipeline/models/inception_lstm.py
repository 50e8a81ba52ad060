"""InceptionNet+LSTM (Vempala and Preotiuc-Pietro, ACL 2019).

The last state of an LSTM over the words and the image's feature from an InceptionNet are
concatenated and classified by a network with one hidden layer.

Adapted: the image feature is frozen (the authors tuned theirs) and comes from the encoder that
`extract_scenes` is set to, an InceptionNet with `scenes.encoder=inception_v3`. Widths are ours.
"""

import torch
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import last_state
from pipeline.params.base import Count, Dropout, Section


class InceptionLSTMParams(Section):
    """Widths of the LSTM, of the image layer, and of the hidden layer above both."""

    text_width: Count  # d_t
    image_width: Count  # d_v
    hidden: Count
    dropout: Dropout


class InceptionLSTM(Baseline):
    """[LSTM(words); ReLU(W image)] through one hidden layer."""

    params_type = InceptionLSTMParams

    def __init__(self, params: InceptionLSTMParams, sizes: Sizes) -> None:
        super().__init__()
        self.lstm = nn.LSTM(sizes.word_dim, params.text_width, batch_first=True)
        self.fc = nn.Linear(sizes.pooled_dim, params.image_width)
        self.classifier = nn.Sequential(
            nn.Linear(params.text_width + params.image_width, params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
            nn.Linear(params.hidden, sizes.classes),
        )

    def forward(
        self, pooled: Tensor, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Output:
        text = last_state(self.lstm, words, word_mask, lengths)  # (B, d_t)
        image = self.fc(pooled).relu()  # (B, d_v)
        return Output(self.classifier(torch.cat([text, image], dim=-1)))
