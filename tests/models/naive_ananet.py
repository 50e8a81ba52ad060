"""AnANet a second time, read off the paper: one pair, one region, one word at a time.

Nothing is batched, padded or masked here: a pair comes with the words it has, and `present` lists
the slots of the regions that its image has. The scene's slots follow those of the regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, sqrt, tanh
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.ananet import AnANetConfig

Array = npt.NDArray[np.float64]
Weights = dict[str, Array]


@dataclass
class NaivePair:
    """One pair's way through the network; a part that the model lacks stays as it is here."""

    logits: Array
    V: list[Array]
    T: list[Array]
    association: Array | None = None
    alignment: Array | None = None
    f_inv: dict[str, Array] = field(default_factory=dict)
    f_var: dict[str, Array] = field(default_factory=dict)
    A_t2v: Array | None = None  # (K, L)
    A_v2t: Array | None = None  # (L, K)
    v_bar: Array | None = None  # (K,)
    t_bar: Array | None = None  # (N,)


def affine(x: Array, weight: Array, bias: Array | None = None) -> Array:
    return np.array(
        [
            sum(w * value for w, value in zip(row, x, strict=True)) + (0 if bias is None else b)
            for row, b in zip(weight, np.zeros(len(weight)) if bias is None else bias, strict=True)
        ]
    )


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def gru(inputs: Sequence[Array], weights: Weights, suffix: str) -> list[Array]:
    """Cho et al. 2014, gates in PyTorch's order: reset, update, new."""
    w_x, w_h = weights[f"weight_ih_l0{suffix}"], weights[f"weight_hh_l0{suffix}"]
    b_x, b_h = weights[f"bias_ih_l0{suffix}"], weights[f"bias_hh_l0{suffix}"]
    width = w_h.shape[1]
    h = np.zeros(width)
    states = []
    for x in inputs:
        from_x, from_h = affine(x, w_x, b_x), affine(h, w_h, b_h)
        after = np.zeros(width)
        for i in range(width):
            reset = sigmoid(from_x[i] + from_h[i])
            update = sigmoid(from_x[width + i] + from_h[width + i])
            new = tanh(from_x[2 * width + i] + reset * from_h[2 * width + i])
            after[i] = (1 - update) * new + update * h[i]
        h = after
        states.append(h)
    return states


def bigru(inputs: Sequence[Array], weights: Weights, merge: str) -> list[Array]:
    forth = gru(inputs, weights, "")
    back = gru(inputs[::-1], weights, "_reverse")[::-1]
    pairs = zip(forth, back, strict=True)
    if merge == "concat":
        return [np.concatenate(pair) for pair in pairs]
    return [f + b if merge == "sum" else (f + b) / 2 for f, b in pairs]


def mean(vectors: Sequence[Array], width: int) -> Array:
    return sum(vectors, np.zeros(width)) / max(len(vectors), 1)


def norm(x: Array) -> float:
    return sqrt(sum(float(value) ** 2 for value in x.flat))


def cosine(a: Array, b: Array) -> float:
    lengths = norm(a) * norm(b)
    return float(np.dot(a, b)) / lengths if lengths > 0 else 0.0


def attention(H: list[Array], Q: list[Array], config: AnANetConfig) -> Array:
    """Eq. 11 and 12 with the choices that params.yaml offers."""
    params = config.alignment
    s = np.zeros((len(H), len(Q)))
    for i in range(len(H)):
        for j in range(len(Q)):
            s[i, j] = cosine(H[i], Q[j]) if params.scale == "cosine" else np.dot(H[i], Q[j])
            s[i, j] /= params.temperature
            s[i, j] /= sqrt(config.model.hidden) if params.scale == "sqrt_d" else 1
    weights = np.zeros_like(s)
    for i in range(len(H)):
        for j in range(len(Q)):
            along = s[i, :] if params.softmax_axis == "last" else s[:, j]
            weights[i, j] = exp(s[i, j]) / sum(exp(value) for value in along)
    return weights


def rebuild(weights: Array, vectors: list[Array], width: int) -> list[Array]:
    """Eq. 13 and 14: a weighted sum of `vectors` for each row of weights."""
    return [
        sum((w * v for w, v in zip(row, vectors, strict=True)), np.zeros(width)) for row in weights
    ]


def encode(vector: Array, weights: Weights, encoder: str) -> Array:
    """Eq. 1 for one vector."""
    w, b = weights[f"{encoder}.fc.weight"], weights[f"{encoder}.fc.bias"]
    return np.maximum(affine(vector, w, b), 0)


def naive_pair(
    weights: Weights,
    config: AnANetConfig,
    regions: Array,
    present: Sequence[int],
    words: Array,
    scene: Sequence[Array] = (),
) -> NaivePair:
    """Eq. 1 to 18 (before the softmax) for regions (K, D_r) and words (L, D_w).

    scene: the pooled vector, then each cell; empty for an image without one.
    """
    d, model = config.model.hidden, config.model
    V = [encode(regions[k], weights, "image_encoder") for k in present]
    for place, vector in enumerate(scene):
        kind = "grid" if place else "pooled"
        V.append(encode(vector, weights, f"scene_encoder.{kind}"))
        present = [*present, len(regions) + place]
    slots = len(regions) + (1 + config.scene.cells if config.scene.cells else 0)
    inside = {
        name.removeprefix("text_encoder.bigru."): value
        for name, value in weights.items()
        if name.startswith("text_encoder.")
    }
    T = bigru(list(words), inside, model.bigru_merge)  # Eq. 2 to 4
    f = {"image": mean(V, d), "text": mean(T, d)}
    pair = NaivePair(np.zeros(len(config.labels)), V, T)

    if model.streams == "none":
        pair.logits = concat_head(weights, np.concatenate([f["image"], f["text"]]))
    if model.streams in ("both", "association"):
        associate(pair, weights, config, f)
        pair.logits = pair.logits + config.fusion.lambda_ * pair.association  # Eq. 18
    if model.streams in ("both", "alignment"):
        align(pair, weights, config, present, slots)
        pair.logits = pair.logits + config.fusion.eta * pair.alignment  # Eq. 18
    return pair


def concat_head(weights: Weights, joined: Array) -> Array:
    hidden = affine(joined, weights["concat.0.weight"], weights["concat.0.bias"])
    if "concat.2.weight" not in weights:
        return hidden
    return affine(np.maximum(hidden, 0), weights["concat.2.weight"], weights["concat.2.bias"])


def associate(pair: NaivePair, weights: Weights, config: AnANetConfig, f: dict[str, Array]) -> None:
    for side in ("image", "text"):
        pair.f_inv[side] = affine(f[side], weights["association.W.weight"])  # Eq. 5
        pair.f_var[side] = affine(f[side], weights[f"association.P_{side}.weight"])  # Eq. 6
    known = {"inv": pair.f_inv, "var": pair.f_var, "raw": f}
    parts = [known[part] for part in config.association.features.split("+")]
    r_g = np.concatenate([part[side] for part in parts for side in ("image", "text")])  # Eq. 8
    if config.association.product:
        image, text = (pair.f_inv[side] / norm(pair.f_inv[side]) for side in ("image", "text"))
        r_g = np.concatenate([r_g, image * text, [cosine(image, text)]])
    pair.association = vote(r_g, weights, "association")


def align(
    pair: NaivePair, weights: Weights, config: AnANetConfig, present: Sequence[int], slots: int
) -> None:
    d = config.model.hidden
    A_t2v = attention(pair.V, pair.T, config)  # Eq. 9
    pair.A_t2v = np.zeros((slots, len(pair.T)))
    A_v2t = attention(pair.T, pair.V, config)  # Eq. 10
    pair.A_v2t = np.zeros((len(pair.T), slots))
    V_hat = rebuild(A_t2v, pair.T, d)  # Eq. 13
    T_hat = rebuild(A_v2t, pair.V, d)  # Eq. 14
    pair.v_bar, pair.t_bar = np.zeros(slots), np.zeros(config.max_words)
    for row, slot in enumerate(present):
        pair.A_t2v[slot] = A_t2v[row]
        pair.A_v2t[:, slot] = A_v2t[:, row]
        pair.v_bar[slot] = cosine(pair.V[row], V_hat[row])  # Eq. 15
    for j in range(len(pair.T)):
        pair.t_bar[j] = cosine(pair.T[j], T_hat[j])  # Eq. 16
    r_l = np.concatenate([pair.t_bar, pair.v_bar])  # Eq. 17
    if config.alignment.summary:
        words = pair.t_bar[: len(pair.T)]
        for values in (words, np.array([pair.v_bar[slot] for slot in present])):
            average = sum(values) / len(values)
            deviation = sqrt(sum((value - average) ** 2 for value in values) / len(values))
            # Where there is one value only, its deviation stands at the least root.
            deviation = max(deviation, 1e-8)
            r_l = np.concatenate([r_l, [average, min(values), max(values), deviation]])
        r_l = np.concatenate([r_l, [len(words) / config.max_words]])
    pair.alignment = vote(r_l, weights, "alignment")


def vote(r: Array, weights: Weights, stream: str) -> Array:
    """A stream's classifier, after batch normalisation as in evaluation if the model has it."""
    if f"{stream}.norm.batch.weight" in weights:
        means, variances, scale, shift = (
            weights[f"{stream}.norm.batch.{name}"]
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        r = (r - means) / np.sqrt(variances + 1e-5) * scale + shift
    head = f"{stream}.classifier"
    return affine(r, weights[f"{head}.weight"], weights[f"{head}.bias"])


def naive_loss(
    pairs: Sequence[NaivePair], labels: Sequence[int], weights: Weights, config: AnANetConfig
) -> dict[str, float]:
    """Eq. 19 to 22, by the names that `AnANet.loss` gives the terms."""
    params = config.loss
    share = 1 / len(pairs) if params.reduction == "mean" else 1.0
    terms: dict[str, Any] = {"classification": 0.0}
    for pair, label in zip(pairs, labels, strict=True):
        y_hat = [exp(value) for value in pair.logits]
        terms["classification"] -= share * np.log(y_hat[label] / sum(y_hat))  # Eq. 19
    terms["total"] = terms["classification"]
    if pairs[0].association is None:
        return terms
    terms["invariant"] = 0.0
    for pair in pairs:
        distance = norm(pair.f_inv["image"] - pair.f_inv["text"])  # Eq. 20
        terms["invariant"] += share * (distance**2 if params.inv_squared else distance)
    terms["orthogonal"] = sum(
        orthogonality(pairs, weights, config, side) for side in ("image", "text")
    )
    terms["total"] += params.alpha * terms["invariant"]  # Eq. 22
    terms["total"] += params.beta * terms["orthogonal"]
    return terms


def orthogonality(
    pairs: Sequence[NaivePair], weights: Weights, config: AnANetConfig, side: str
) -> float:
    """One summand of Eq. 21, or one of the readings that stand in for it."""
    if config.association.orthogonality == "feature":
        return sum(cosine(pair.f_inv[side], pair.f_var[side]) ** 2 for pair in pairs) / len(pairs)
    W, P = weights["association.W.weight"], weights[f"association.P_{side}.weight"]
    product = W.T @ P if config.association.orthogonality == "wtp" else W @ P.T
    size = norm(product)
    if config.loss.orth_norm == "div_dim":
        size /= sqrt(product.size)
    return size**2 if config.loss.orth_squared else size
