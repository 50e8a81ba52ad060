"""SGR's similarities of a batch, and retrieval metrics, against loops over captions.

python -m tests.benchmarks.matching
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.metrics.ranking import retrieval_metrics
from pipeline.models.matching.encoding import Encoded, MatchingConfig
from pipeline.models.matching.sgraf import SGR
from pipeline.params.matching import load_matching_params
from tests.benchmarks.measuring import Ratio, alternate, medians, report

REGIONS, LEAST_WORDS, MOST_WORDS = 36, 6, 20
IMAGES, CAPTIONS = 1000, 5000


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peak", choices=("loop", "batch"), help="print the memory of one step")
    arguments = parser.parse_args()
    if arguments.peak:
        print(json.dumps(peak_of(arguments.peak, arguments.batch)))
        return
    similarity_speed(arguments.batch, arguments.runs)
    retrieval_speed(arguments.runs)


def similarity_speed(batch: int, runs: int) -> None:
    model, images, texts = encoded(batch)
    with torch.no_grad():
        found, expected = model.similarity(images, texts), looped(model, images, texts)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    seconds = alternate(
        runs,
        loop=lambda: step(looped(model, images, texts)),
        batch=lambda: step(model.similarity(images, texts)),
    )
    report(
        "sgr_speed",
        "speed of SGR's similarities of a batch, forward and backward, against a loop over"
        " captions",
        Ratio.of(seconds["loop"], seconds["batch"]),
        "at least 3",
        images=batch,
        captions=batch,
        width=model.fc.out_features,
        similarity_width=model.score.in_features,
        **{f"megabytes_{name}": peak(name, batch) for name in ("loop", "batch")},
        **medians(seconds),
    )


def encoded(batch: int) -> tuple[SGR, Encoded, Encoded]:
    """A model with the default widths, and images and captions in its common space."""
    own = load_matching_params().model
    torch.manual_seed(0)
    model = SGR(
        MatchingConfig(
            member="sgr",
            region_width=8,
            vocabulary=8,
            word_width=8,
            model=own.model_copy(update={"dropout": 0.0}),
        )
    )
    lengths = torch.randint(LEAST_WORDS, MOST_WORDS + 1, (batch, 1))
    masks = torch.ones(batch, REGIONS, dtype=torch.bool), torch.arange(MOST_WORDS) < lengths
    sides = []
    for mask in masks:
        parts = F.normalize(torch.randn(*mask.shape, own.width), dim=-1) * mask.unsqueeze(-1)
        whole = F.normalize(torch.randn(batch, own.width), dim=-1)
        sides.append(Encoded(mask, mask, whole.requires_grad_(), parts.requires_grad_()))
    return model, sides[0], sides[1]


def looped(model: SGR, images: Encoded, texts: Encoded) -> Tensor:
    """One caption at a time against all images, as in the published code."""
    columns = []
    for t, length in enumerate(texts.mask.sum(1).tolist()):
        v, e = images.members, texts.members[t, :length]  # (I, K, d), (n, d)
        words = e.expand(len(v), -1, -1)  # (I, n, d)
        scores = F.normalize(F.leaky_relu(v @ words.transpose(1, 2), 0.1), dim=2)  # (I, K, n)
        weights = F.softmax(model.smooth * scores.transpose(1, 2), dim=-1)  # (I, n, K)
        context = F.normalize(weights @ v, dim=-1)  # (I, n, d)
        local = F.normalize(model.local((context - words) ** 2), dim=-1)  # (I, n, s)
        whole = F.normalize(model.whole((images.summary - texts.summary[t]) ** 2), dim=-1)
        nodes = torch.cat([whole.unsqueeze(1), local], dim=1)  # (I, 1 + n, s)
        for graph in model.reason.steps:
            edges = F.softmax(graph.query(nodes) @ graph.key(nodes).transpose(1, 2), dim=-1)
            nodes = F.relu(graph.graph(edges @ nodes))
        columns.append(model.score(nodes[:, 0]).sigmoid())
    return torch.cat(columns, dim=1)


def step(similarity: Tensor) -> None:
    similarity.square().mean().backward()


def peak(name: str, batch: int) -> int:
    """Megabytes that one step adds to a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.matching", "--peak", name]
    done = subprocess.run([*command, "--batch", str(batch)], capture_output=True, check=True)
    return int(json.loads(done.stdout))


def peak_of(name: str, batch: int) -> int:
    model, images, texts = encoded(batch)
    before = peak_memory()
    step(looped(model, images, texts) if name == "loop" else model.similarity(images, texts))
    return peak_memory() - before


def peak_memory() -> int:
    """Peak memory of this process in megabytes; that of `getrusage` includes its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024


def retrieval_speed(runs: int) -> None:
    rng = np.random.default_rng(0)
    image_of = np.repeat(np.arange(IMAGES), CAPTIONS // IMAGES)
    similarity = rng.normal(size=(IMAGES, CAPTIONS)).astype(np.float32)
    found, expected = retrieval_metrics(similarity, image_of), ranked(similarity, image_of)
    assert all(abs(found[name] - value) < 1e-9 for name, value in expected.items())
    seconds = alternate(
        runs,
        loop=lambda: ranked(similarity, image_of),
        whole=lambda: retrieval_metrics(similarity, image_of),
    )
    report(
        "retrieval_speed",
        "speed of recalls and ranks both ways against a loop that sorts for each image and caption",
        Ratio.of(seconds["loop"], seconds["whole"]),
        "at least 5",
        images=IMAGES,
        captions=CAPTIONS,
        **medians(seconds),
    )


def ranked(similarity: np.ndarray, image_of: np.ndarray) -> dict[str, float]:
    """Recalls as in the published code: sort, and find the first match."""
    ranks: dict[str, list[int]] = {"image_to_text": [], "text_to_image": []}
    for image, row in enumerate(similarity):
        order = np.argsort(row)[::-1]
        places = [np.flatnonzero(order == text)[0] for text in np.flatnonzero(image_of == image)]
        ranks["image_to_text"].append(min(places))
    for text, column in enumerate(similarity.T):
        order = np.argsort(column)[::-1]
        ranks["text_to_image"].append(np.flatnonzero(order == image_of[text])[0])
    return {
        f"{name}_r{k}": 100 * float(np.mean(np.array(found) < k))
        for name, found in ranks.items()
        for k in (1, 5, 10)
    }


if __name__ == "__main__":
    main()
