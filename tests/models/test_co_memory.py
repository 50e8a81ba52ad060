"""The hops of CoMemory against a loop over pairs, hops and memory entries."""

from math import exp

import torch
from torch import Tensor

from pipeline.models.co_memory import CoMemory, MemoryReader
from tests.models.tiny_baselines import build, inputs


def read_by_hand(
    reader: MemoryReader, memory: list[Tensor], asked: Tensor, query: Tensor
) -> Tensor:
    scores = [
        float(reader.w((reader.W_memory(entry) + reader.W_query(asked)).tanh())) for entry in memory
    ]
    total = sum(exp(score) for score in scores)
    found = sum(exp(score) / total * entry for score, entry in zip(scores, memory, strict=True))
    return reader.update(torch.as_tensor(found).unsqueeze(0), query.unsqueeze(0))[0]


@torch.no_grad()
def test_hops_are_read_and_rewritten_together() -> None:
    model, own = build(CoMemory), inputs(CoMemory)
    found = model(**own).logits
    for row in range(3):
        words = own["words"][row, own["word_mask"][row]]
        M_t = list(model.bilstm(words.unsqueeze(0))[0][0])
        M_v = [model.project(cell) for cell in own["grid"][row]]
        q_t = sum(M_t) / len(M_t)
        q_v = sum(M_v) / len(M_v)
        for _ in range(3):
            asked = q_t + q_v
            after_v = read_by_hand(model.image_reader, M_v, asked, q_v)
            q_t = read_by_hand(model.text_reader, M_t, asked, q_t)
            q_v = after_v
        torch.testing.assert_close(found[row], model.classifier(torch.cat([q_t, q_v])))


def test_hops_matter() -> None:
    own = inputs(CoMemory)
    one, three = build(CoMemory, hops=1), build(CoMemory, hops=3)
    assert one.state_dict().keys() == three.state_dict().keys()
    assert not torch.allclose(one(**own).logits, three(**own).logits)
