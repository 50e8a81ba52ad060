"""Boxes are drawn where they are, and doubtful or padded ones are not."""

import numpy as np
import torch

from pipeline.detector_training.evaluation.drawing import draw_images
from pipeline.encoders.detectors.base import sort_and_pad


def test_only_sure_regions_are_drawn() -> None:
    boxes = torch.tensor([[40.0, 60.0, 160.0, 200.0], [200.0, 220.0, 240.0, 250.0]])
    found = sort_and_pad(torch.zeros(2, 4), boxes, torch.tensor([0.9, 0.1]), torch.ones(2), 36)
    images = torch.zeros(2, 3, 256, 256)
    nothing = sort_and_pad(torch.zeros(0, 4), torch.zeros(0, 4), torch.zeros(0), torch.ones(0), 36)
    grid = np.asarray(draw_images(images, [found, nothing], ("background", "dog")))
    assert grid.shape == (384, 4 * 384, 3)
    y, x = np.nonzero(grid[:, :384].any(2))
    assert (x.min(), y.min(), x.max(), y.max()) == (60, 90, 240, 300)
    assert not grid[:, 384:768].any()
    assert (grid[:, 768:] == 255).all()
