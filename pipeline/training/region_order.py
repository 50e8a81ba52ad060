"""Which region fills which of the slots that W_l of Eq. 18 has one weight for."""

import numpy as np
import numpy.typing as npt

from pipeline.features.store import RegionFeatures


def region_order(regions: RegionFeatures, by: str) -> npt.NDArray[np.int64]:
    """For each picture, its regions' places in the file, (n, K); missing ones last.

    conf: falling score, then falling area, then from left to right. area: falling area of the box,
    then falling score. raster: in reading order of the boxes' centres, in as many lines as a
    square grid of K cells has.
    """
    x1, y1, x2, y2 = np.moveaxis(regions.boxes.astype(np.float64), -1, 0)  # (n, K) each
    area, score = (x2 - x1) * (y2 - y1), regions.scores
    if by == "conf":
        keys = [-score, -area, x1]
    elif by == "area":
        keys = [-area, -score, x1]
    else:
        height = np.maximum(regions.size[:, :1], 1)  # (n, 1)
        lines = round(regions.boxes.shape[1] ** 0.5)
        line = np.floor((y1 + y2) / 2 / height * lines)
        keys = [line, x1 + x2, -score]
    # np.lexsort takes the most important key last.
    order: npt.NDArray[np.int64] = np.lexsort([*keys[::-1], ~regions.mask], axis=-1)
    return order
