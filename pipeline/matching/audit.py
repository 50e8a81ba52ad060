"""Finds the train pairs of a corpus that are most likely wrong, by CRCL's correction."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from pipeline import paths
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.captions.vocabulary import Vocabulary
from pipeline.matching.data.data import MatchingData, Split
from pipeline.matching.sources.corpus import read_pairs, region_digests
from pipeline.matching.training.training import random_batches, train_members
from pipeline.models.matching.model import MatchingModel
from pipeline.models.matching_losses import estimates
from pipeline.params.matching import MatchingParams

# Random batches per pair, as an estimate depends on the other pairs of the batch.
_BATCHINGS = 8


def audit_params(params: MatchingParams, labels: Sequence[str]) -> MatchingParams:
    """The parameters of matching for an audit: the pairs of a corpus, BERT vectors and CRCL."""
    changes = {
        "corpus": {"kind": "pairs", "labels": list(labels)},
        "text": {"words": "bert"},
        "loss": {"name": "active_complementary"},
    }
    values = params.model_dump()
    for section, values_of in changes.items():
        values[section] |= values_of
    return MatchingParams.model_validate(values)


def audit(params: MatchingParams, posts: Mapping[str, str]) -> pd.DataFrame:
    """Train on the train pairs with the labels in `params`, and rank them, the least likely first.

    posts: each pair's text as it was written, by its id.

    The memory is 0 for every pair below the threshold; the models' estimates break ties.

    Returns columns rank, id, label, correspondence, estimate (both 0 wrong to 1 right), image
    (its name), text (as written), words (its tokens).

    Raises:
        UserError: the corpus is not prepared, its features are missing, no pair has a label, or the
            loss is not finite.
    """
    splits = read_pairs(params.corpus.labels)
    train = splits["train"]
    vocabulary = Vocabulary.of(train.words, params.corpus.min_count)
    captions = CaptionSet(splits, train.image, vocabulary, region_digests())
    # The stage embed_bert has a row for each text of the corpus, by the same key.
    data = MatchingData.load(captions, params, paths.BERT.parent)
    trained = train_members(data, params, lambda epoch, figures: None)
    estimate = estimate_correspondence(trained.models, data.splits["train"], params)
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
            "text": [posts[identifier] for identifier in ids],
            "words": [" ".join(train.words[row]) for row in order],
        }
    )


@torch.inference_mode()
def estimate_correspondence(
    models: Sequence[MatchingModel], split: Split, params: MatchingParams
) -> npt.NDArray[np.float64]:
    """The probability that each pair of a split is right, by trained models (n,).

    The mean of (p_ii + q_ii) / 2 over models and random batches of the training's size, without
    augmentation.
    """
    unaugmented = params.train.model_copy(update={"drop_words": 0.0, "drop_regions": 0.0})
    rng = np.random.default_rng(params.train.seed)
    total = np.zeros(len(split.ids))
    for _ in range(_BATCHINGS):
        for rows in random_batches(len(split.ids), params.train.batch_size, rng):
            pairs = split.varied(split.pairs(rows), unaugmented)
            for model in models:
                estimate = estimates(model(*pairs), params.loss.temperature)
                total[rows] += estimate.double().cpu().numpy()
    mean: npt.NDArray[np.float64] = total / (_BATCHINGS * len(models))
    return mean
