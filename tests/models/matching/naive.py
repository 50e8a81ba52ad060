"""The similarity models as their papers write them: one image, one text, one word at a time."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.models.matching.gpo import GPO
from pipeline.models.matching.scan import SCAN
from pipeline.models.matching.sgraf import SAF, SGR, SelfAttention
from pipeline.models.matching.vse_infinity import VSEInfinity


def unit(x: Tensor) -> Tensor:
    return x / math.sqrt(float((x * x).sum()))


def states(model: VSEInfinity | SCAN | SGR | SAF, words: Tensor) -> Tensor:
    """The words of one text, (L,) or (L, D_w) -> (L, d)."""
    encoder = model.words
    vectors = words if encoder.embedding is None else encoder.embedding(words)
    both = encoder.bigru(vectors.unsqueeze(0))[0][0]
    half = both.shape[1] // 2
    return (both[:, :half] + both[:, half:]) / 2


def gpo(pool: GPO, values: Tensor) -> Tensor:
    """One set without padding, (M, d) -> (d,)."""
    size, width = values.shape
    codes = torch.zeros(size, 32, dtype=values.dtype)
    for place in range(size):
        for i in range(16):
            angle = place / 10000 ** (2 * i / 32)
            codes[place, 2 * i], codes[place, 2 * i + 1] = math.sin(angle), math.cos(angle)
    both = pool.bigru(codes.unsqueeze(0))[0][0]
    scores = [float(pool.weigh((row[:32] + row[32:]) / 2)) / 0.1 for row in both]
    raised = [math.exp(score - max(scores)) for score in scores]
    pooled = torch.zeros(width, dtype=values.dtype)
    for channel in range(width):
        ranked = sorted(values[:, channel].tolist(), reverse=True)
        pooled[channel] = sum(w / sum(raised) * v for w, v in zip(raised, ranked, strict=True))
    return pooled


def vse_infinity(model: VSEInfinity, regions: Tensor, words: Tensor) -> float:
    norm = model.norm
    rows = []
    for region in regions:
        inner = model.narrow(region)
        inner = (inner - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        inner = (inner * norm.weight + norm.bias).clamp(min=0)
        rows.append(model.fc(region) + model.widen(inner))
    image = unit(gpo(model.image_pool, torch.stack(rows)))
    text = unit(gpo(model.text_pool, states(model, words)))
    return float(image @ text)


def contexts(v: list[Tensor], e: list[Tensor], smooth: float) -> list[Tensor]:
    """What each word sees among the regions."""
    scores = [[float(word @ region) for region in v] for word in e]
    scores = [[s if s > 0 else 0.1 * s for s in row] for row in scores]
    for k in range(len(v)):
        length = math.sqrt(sum(row[k] ** 2 for row in scores))
        for row in scores:
            row[k] /= length
    seen = []
    for row in scores:
        raised = [math.exp(smooth * s) for s in row]
        weighted = [w / sum(raised) * region for w, region in zip(raised, v, strict=True)]
        seen.append(torch.stack(weighted).sum(0))
    return seen


def scan(model: SCAN, regions: Tensor, words: Tensor) -> float:
    v = [unit(model.fc(region)) for region in regions]
    e = [unit(state) for state in states(model, words)]
    seen = contexts(v, e, model.smooth)
    return sum(float(unit(a) @ word) for a, word in zip(seen, e, strict=True)) / len(e)


def self_attention(module: SelfAttention, members: list[Tensor]) -> Tensor:
    mean = module.mean(torch.stack(members).mean(0))
    each = [module.member(member) for member in members]
    for norm, values in ((module.member_norm, each), (module.mean_norm, [mean])):
        if norm is not None:
            for i, x in enumerate(values):
                x = (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
                values[i] = x * norm.weight + norm.bias
            if values is not each:
                mean = values[0]
    scores = [float(module.common(torch.tanh(x) * torch.tanh(mean))) for x in each]
    raised = [math.exp(score) for score in scores]
    return unit(
        torch.stack([w / sum(raised) * x for w, x in zip(raised, members, strict=True)]).sum(0)
    )


def comparisons(model: SGR | SAF, regions: Tensor, words: Tensor) -> list[Tensor]:
    v = [unit(model.fc(region)) for region in regions]
    e = [unit(state) for state in states(model, words)]
    image = self_attention(model.image_attention, v)
    text = self_attention(model.text_attention, e)
    nodes = [unit(model.whole((image - text) ** 2))]
    for seen, word in zip(contexts(v, e, model.smooth), e, strict=True):
        nodes.append(unit(model.local((unit(seen) - word) ** 2)))
    return nodes


def sgr(model: SGR, regions: Tensor, words: Tensor) -> float:
    nodes = comparisons(model, regions, words)
    for step in model.reason.steps:
        changed = []
        for x in nodes:
            edges = torch.tensor([float(step.query(x) @ step.key(y)) for y in nodes])
            weights = F.softmax(edges, dim=0)
            message = sum(float(w) * y for w, y in zip(weights, nodes, strict=True))
            changed.append(step.graph(message).clamp(min=0))
        nodes = changed
    return float(model.score(nodes[0]).sigmoid())


def saf(model: SAF, regions: Tensor, words: Tensor) -> float:
    nodes, norm = comparisons(model, regions, words), model.reason.norm
    gates = []
    for node in nodes:
        x = (model.reason.weigh(node) - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        gates.append(float((x * norm.weight + norm.bias).sigmoid()))
    mixed = sum(gate / sum(gates) * node for gate, node in zip(gates, nodes, strict=True))
    return float(model.score(unit(mixed)).sigmoid())
