"""Wrong pairs on purpose, to try losses that are to survive them."""

import numpy as np
import pandas as pd


def with_wrong_pairs(pairs: pd.DataFrame, rate: float, seed: int) -> pd.DataFrame:
    """The pairs, with the images of this share of the train pairs shuffled among them.

    A pair that gets its own image again is right.
    """
    train = np.flatnonzero(pairs["split"] == "train")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(train)[: int(rate * len(train))]
    images = pairs["image_key"].to_numpy(copy=True)
    images[chosen] = images[rng.permutation(chosen)]
    return pairs.assign(image_key=images)
