"""Image-guided attention against a loop over the words."""

from math import exp

import torch

from pipeline.models.deep_classifier import DeepClassifier
from tests.models.tiny_baselines import build, inputs


@torch.no_grad()
def test_image_says_which_words_count() -> None:
    model, own = build(DeepClassifier), inputs(DeepClassifier)
    found = model(**own).logits
    for row in range(3):
        words = own["words"][row, own["word_mask"][row]]
        states = model.gru(words.unsqueeze(0))[0][0]
        v = own["pooled"][row]
        raised = [exp(float(model.w((model.W_h(h) + model.W_v(v)).tanh()))) for h in states]
        text = sum(value / sum(raised) * h for value, h in zip(raised, states, strict=True))
        expected = model.classifier(torch.cat([torch.as_tensor(text), v]))
        torch.testing.assert_close(found[row], expected)


def test_another_image_looks_at_other_words() -> None:
    model, own = build(DeepClassifier), inputs(DeepClassifier)
    h = torch.randn(3, 7, 4).double()
    weights = model.attention(own["pooled"], h, own["word_mask"])
    other = model.attention(own["pooled"].roll(1, 0), h, own["word_mask"])
    torch.testing.assert_close(weights.sum(1), torch.ones(3).double())
    assert (weights[~own["word_mask"]] == 0).all()
    assert not torch.allclose(weights[:2], other[:2])
