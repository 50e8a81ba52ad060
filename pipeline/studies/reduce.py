"""Image features of fewer dimensions, so that hundreds of models can be trained in minutes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from pipeline.features.store import Features, RegionFeatures, SceneFeatures, create_store

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
    _write(path, regions, arrays, components, {"class_names": json.dumps(regions.class_names)})


def reduce_scenes(path: Path, scenes: SceneFeatures, train: Sequence[str], components: int) -> None:
    """Write a file like scenes.h5, with vectors and grid cells projected likewise.

    Raises:
        UserError: an image is missing in the file, or the new one cannot be written.
    """
    rows = np.unique(scenes.index(train))
    rows = rows[scenes.status[rows] == 0]
    arrays = {
        name: _projected(values, values[rows].reshape(-1, values.shape[-1]), components)
        for name, values in (("pooled", scenes.pooled), ("grid", scenes.grid))
    }
    for values in arrays.values():
        values[scenes.status > 0] = 0
    arrays["status"] = scenes.status
    _write(path, scenes, arrays, components, {"grid_shape": scenes.grid_shape})


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


def _write(
    path: Path, source: Features, arrays: dict[str, Any], components: int, attrs: dict[str, Any]
) -> None:
    keys = [key.decode("ascii") for key in source.keys.tolist()]
    fingerprint = json.dumps(
        {**source.fingerprint, "principal_components": components}, sort_keys=True
    )
    with create_store(path, keys, fingerprint) as file:
        for name, values in arrays.items():
            file[name] = values
        file.attrs.update(attrs)
