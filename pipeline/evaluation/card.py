"""The model card: data, encoders, results and limits."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.files import write_text
from pipeline.models.ananet import AnANetConfig
from pipeline.models.saved import AnANetEncoders

# What Markdown could take for markup; an underscore within a word is none.
_MARKUP = re.compile(r"[\\`*{}\[\]<>|~!#&$]|(?<!\w)_|_(?!\w)")

_CARD = """\
---
library_name: pytorch
tags: [image-text-relation, ananet]
---

# AnANet: how the image and the text of a post relate

Classifies pairs of image and text: {labels}. The network is that of Xu et al., *AnANet: Modeling
Association and Alignment for Cross-modal Correlation Classification* (arXiv 2109.00693), with the
settings in `config.json`.

| file | holds |
|---|---|
| `model.safetensors` | the weights |
| `config.json` | what is needed to build the network again |
| `encoders.json` | how its inputs were made: tokenizer, encoders, their fingerprints |
| `SHA256SUMS` | the sha256 of these three; loading checks them |

## Use

```console
$ python -m pipeline predict --model <this folder> --image post.jpg --text "what a day"
```

It needs the same encoders; an error names what is missing or differs.

## Data

{pairs}

## Encoders

| input | encoder | sha256 of its fingerprint |
|---|---|---|
{encoders}

## Results

On the {tested} test pairs; intervals are 95 % bootstrap intervals over pairs.

{metrics}

## Limits

- It was trained on one kind of posts. Test it on yours before you rely on it.
- It sees an image's {image} and a text's first {max_words} words, nothing else.
- Attention weights show what the alignment net compared. They do not explain the decision, which
  also depends on the association net.
- The relation of a post says nothing about whether the post is true.
"""


def write_card(
    path: Path,
    config: AnANetConfig,
    encoders: AnANetEncoders,
    pairs: pd.DataFrame,
    metrics: Mapping[str, float],
) -> None:
    """Write a model's README.md.

    pairs: columns split and label, of the corpus that it was trained and tested on. metrics: of the
    test split, as in metrics.json.
    """
    text = _CARD.format(
        labels=", ".join(f"*{_escaped(label)}*" for label in config.labels),
        pairs=_pair_counts(pairs, config.labels),
        encoders="\n".join(_encoder_rows(config, encoders)),
        metrics=_metrics_table(metrics),
        tested=f"{(pairs['split'] == 'test').sum():,}",
        image=f"{config.regions} best regions{', its scene' if config.scene.places else ''}",
        max_words=config.max_words,
    )
    write_text(path, text)


def _pair_counts(pairs: pd.DataFrame, labels: Sequence[str]) -> str:
    counts = pairs.groupby(["split", "label"]).size()
    rows = [
        [split, *(f"{counts.get((split, label), 0):,}" for label in labels)]
        for split in dict.fromkeys(pairs["split"])
    ]
    return _table(["pairs", *labels], rows)


def _encoder_rows(config: AnANetConfig, encoders: AnANetEncoders) -> list[str]:
    names = {
        "regions.h5": f"{encoders.regions.detector}, {encoders.regions.count} regions",
        "glove.h5": encoders.glove.vectors,
        "bert.h5": encoders.bert.model,
        "scenes.h5": encoders.scenes.encoder,
    }
    return [f"| `{file}` | {names[file]} | `{sha}` |" for file, sha in config.encoders.items()]


def _metrics_table(metrics: Mapping[str, float]) -> str:
    rows = []
    for name, value in metrics.items():
        if name.endswith(("_low", "_high")):
            continue
        low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
        interval = f"{low:.4f} to {high:.4f}" if low is not None and high is not None else ""
        rows.append([_escaped(name), f"{value:.4f}".removesuffix(".0000"), interval])
    return _table(["metric", "value", "interval"], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [map(_escaped, header), ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line and one cell."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
