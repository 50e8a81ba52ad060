"""AMC for one query and one image, in plain loops over numbers."""

import math
from collections.abc import Callable, Sequence

from torch import Tensor

Vector = list[float]


def numbers(value: Tensor) -> list:
    return value.detach().double().tolist()


def matvec(W: Sequence[Vector], x: Vector, b: Vector | None = None) -> Vector:
    products = [sum(w * value for w, value in zip(row, x, strict=True)) for row in W]
    return products if b is None else [p + c for p, c in zip(products, b, strict=True)]


def softmax(scores: Vector) -> Vector:
    total = sum(math.exp(s) for s in scores)
    return [math.exp(s) / total for s in scores]


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def cosine(a: Vector, b: Vector) -> float:
    return dot(a, b) / max(math.sqrt(dot(a, a) * dot(b, b)), 1e-8)


def weighted(weights: Vector, vectors: Sequence[Vector]) -> Vector:
    width = len(vectors[0])
    return [sum(w * v[j] for w, v in zip(weights, vectors, strict=True)) for j in range(width)]


def linear(layer: object) -> Callable[[Vector], Vector]:
    W = numbers(layer.weight)  # type: ignore[attr-defined]
    bias = layer.bias  # type: ignore[attr-defined]
    return lambda x: matvec(W, x, None if bias is None else numbers(bias))


def activation(name: str) -> Callable[[Vector], Vector]:
    one = {"relu": lambda x: max(x, 0.0), "tanh": math.tanh}[name]
    return lambda x: [one(value) for value in x]


def van(net: object, q: Vector, regions: Sequence[Vector], act: str) -> tuple[Vector, Vector]:
    """v^q and the map M over an image's own regions."""
    s_q = activation(act)(linear(net.W_qs)(q))
    mean, spread = numbers(net.mean), numbers(net.spread)
    projected = [
        linear(net.conv)([(x - m) / s for x, m, s in zip(v, mean, spread, strict=True)])
        for v in regions
    ]
    M = softmax([dot(v, s_q) for v in projected])
    return weighted(M, projected), M


def lan(net: object, q: Vector, keywords: Sequence[int]) -> tuple[Vector, Vector]:
    """k^q and p(K|q) over an image's own keywords."""
    vectors = numbers(net.vectors)
    projected = [linear(net.W_kl)(vectors[i]) for i in keywords]
    asked = linear(net.W_l)(linear(net.W_ql)(q))
    p = softmax([dot(asked, k) for k in projected])
    return weighted(p, projected), p


def mtn(
    net: object, q: Vector, modal: Sequence[Vector | None], act: str, unit: bool
) -> tuple[float, list[float]]:
    """cos(q^m, x^q), and [p_v, p_k]; an absent modality is None."""
    q_m, q_prime = (activation(act)(linear(w)(q)) for w in (net.W_m, net.W_m_prime))
    present = [m for m in modal if m is not None]
    if not present:
        return -1.0, [0.0, 0.0]
    shares = iter(softmax([cosine(q_prime, m) for m in present]))
    p = [0.0 if m is None else next(shares) for m in modal]
    if unit:
        present = [[x / math.sqrt(dot(m, m)) for x in m] for m in present]
    x_q = weighted([share for share, m in zip(p, modal, strict=True) if m is not None], present)
    return cosine(q_m, x_q), p
