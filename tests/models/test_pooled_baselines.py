"""InceptionNet+LSTM and DCNN, word by word, against their definitions."""

import pytest
import torch

from pipeline.models.dcnn import DCNN
from pipeline.models.inception_lstm import InceptionLSTM
from tests.models.tiny_baselines import build, inputs


def test_inception_lstm_joins_last_state_and_image() -> None:
    model, own = build(InceptionLSTM), inputs(InceptionLSTM)
    found = model(**own).logits
    for row in range(3):
        words = own["words"][row, own["word_mask"][row]]
        last = model.lstm(words.unsqueeze(0))[0][0, -1]
        image = model.fc(own["pooled"][row]).clamp(min=0)
        torch.testing.assert_close(found[row], model.classifier(torch.cat([last, image])))


@pytest.mark.parametrize("fusion", ["add", "multiply", "concat"])
def test_dcnn_fuses_two_projections(fusion: str) -> None:
    model, own = build(DCNN, fusion=fusion), inputs(DCNN)
    found = model(**own).logits
    for row in range(3):
        words = own["words"][row, own["word_mask"][row]]
        states = list(model.bigru(words.unsqueeze(0))[0][0])
        e_t = model.W_text(sum(states) / len(states))
        e_v = model.W_image(own["pooled"][row])
        fused = {"add": e_t + e_v, "multiply": e_t * e_v, "concat": torch.cat([e_t, e_v])}[fusion]
        torch.testing.assert_close(found[row], model.classifier(fused))
