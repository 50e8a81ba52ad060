"""Which train pairs of a corpus are most likely wrong: the correction as a service."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from pipeline import paths
from pipeline.matching.captions import CaptionSet
from pipeline.matching.data import Split
from pipeline.matching.losses import estimates
from pipeline.matching.models import MatchingModel
from pipeline.matching.params import MatchingParams
from pipeline.matching.runs import load_data, train_members
from pipeline.matching.sources import read_pairs
from pipeline.matching.training import Log, random_batches
from pipeline.matching.vocabulary import Vocabulary

# Each pair is looked at again in so many random batches, as an estimate depends on the company.
_COMPANIES = 8


def audit_params(params: MatchingParams, labels: Sequence[str]) -> MatchingParams:
    """The parameters of matching for an audit: the corpus' pairs as they are, CRCL, BERT's rows."""
    changes = {
        "corpus": {"kind": "pairs", "labels": list(labels)},
        "text": {"words": "bert"},
        "loss": {"name": "active_complementary"},
    }
    values = params.model_dump()
    for section, values_of in changes.items():
        values[section] |= values_of
    return MatchingParams.model_validate(values)


def audit(params: MatchingParams, checkpoints: Path, log: Log) -> pd.DataFrame:
    """Train on the train pairs of the labels in `params`, and rank them, the least believed first.

    The memory holds 0 for every pair that fell below the threshold; among equals the trained
    models' own estimates decide.

    Returns columns rank, id, label, correspondence, estimate (both 0 wrong to 1 right), image,
    text; the picture by its name, the text by its words.

    Raises:
        UserError: the corpus is not prepared, its features are missing, or no pair has a label.
    """
    splits = read_pairs(params.corpus.labels)
    train = splits["train"]
    vocabulary = Vocabulary.of(train.words, params.corpus.min_count)
    captions = CaptionSet(splits, train.image, vocabulary)
    # The stage embed_bert has a row for each text of the corpus, by the same key.
    data = load_data(captions, params, paths.BERT.parent)
    trained = train_members(data, params, checkpoints, log)
    estimate = judge_pairs(trained.models, data.splits["train"], params)
    order = np.lexsort([estimate, trained.correspondence])
    labels = pd.read_parquet(paths.PAIRS, columns=["id", "label"]).set_index("id")["label"]
    names = pd.read_parquet(paths.IMAGES, columns=["key", "name"]).set_index("key")["name"]
    ids = [trained.ids[row] for row in order]
    return pd.DataFrame(
        {
            "rank": range(1, len(order) + 1),
            "id": ids,
            "label": labels[ids].to_numpy(),
            "correspondence": trained.correspondence[order],
            "estimate": estimate[order],
            "image": names[[train.images[train.image[row]] for row in order]].to_numpy(),
            "text": [" ".join(train.words[row]) for row in order],
        }
    )


@torch.inference_mode()
def judge_pairs(
    models: Sequence[MatchingModel], split: Split, params: MatchingParams
) -> npt.NDArray[np.float64]:
    """How likely each given pair of a split is right by trained models' estimates, (n,).

    The mean of (p_ii + q_ii) / 2 over models and over random batches of the size they were trained
    with, nothing of a pair left out.
    """
    whole = params.train.model_copy(update={"drop_words": 0.0, "drop_regions": 0.0})
    rng = np.random.default_rng(params.train.seed)
    total = np.zeros(len(split.ids))
    for _ in range(_COMPANIES):
        for rows in random_batches(len(split.ids), params.train.batch_size, rng):
            pairs = split.pairs(rows, whole)
            for model in models:
                found = estimates(model(*pairs), params.loss.temperature)
                total[rows] += found.double().cpu().numpy()
    mean: npt.NDArray[np.float64] = total / (_COMPANIES * len(models))
    return mean
