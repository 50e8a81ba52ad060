"""Region features of fewer dimensions, so that dozens of models can be trained in minutes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from pipeline.features.store import RegionFeatures, create_store

Vectors = npt.NDArray[np.float32]
# Vectors of train images that the components are fitted to.
_SAMPLE = 6000


def reduce_regions(
    path: Path, regions: RegionFeatures, train: Sequence[str], components: int
) -> None:
    """Write a file like regions.h5, with features projected to their first principal components.

    train: keys of the images to whose regions the components are fitted.

    Raises:
        UserError: an image is missing in the file, or the new one cannot be written.
    """
    rows = np.unique(regions.index(train))
    known = regions.features[rows][regions.mask[rows]]  # (m, D_r)
    features = _projected(regions.features, known, components)
    features[~regions.mask] = 0
    names = ("boxes", "scores", "classes", "mask", "size", "status")
    arrays = {"features": features, **{name: getattr(regions, name) for name in names}}
    keys = [key.decode("ascii") for key in regions.keys.tolist()]
    fingerprint = {**regions.fingerprint, "principal_components": components}
    with create_store(path, keys, json.dumps(fingerprint, sort_keys=True)) as file:
        for name, values in arrays.items():
            file[name] = values
        file.attrs["class_names"] = json.dumps(regions.class_names)


def _projected(values: Any, known: Any, components: int) -> npt.NDArray[np.float16]:
    """Values (..., D) projected to the components of the known ones (m, D), divided by one common
    standard deviation so that relative distances stay."""
    chosen = np.random.default_rng(0).permutation(len(known))[:_SAMPLE]
    sample = known[np.sort(chosen)].astype(np.float32)
    # One thread, so that the sums do not depend on the number of cores.
    with threadpool_limits(1):
        pca = PCA(min(components, *sample.shape), svd_solver="covariance_eigh").fit(sample)
        scale = float(np.sqrt(pca.explained_variance_.mean()))
        flat = values.reshape(-1, values.shape[-1]).astype(np.float32)
        projected = pca.transform(flat) / max(scale, 1e-6)
    reduced: npt.NDArray[np.float16] = projected.reshape(*values.shape[:-1], -1).astype(np.float16)
    return reduced
