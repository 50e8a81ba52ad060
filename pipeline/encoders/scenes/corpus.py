"""Encodes the scenes of a corpus' images, as params choose the encoder."""

from pathlib import Path

from pipeline.core.device import resolve_device
from pipeline.encoders.rows.extract import choose_engine
from pipeline.encoders.rows.images import write_image_features
from pipeline.encoders.scenes.encoder import load_scene_encoder
from pipeline.params.project import ComputeParams, SceneParams


def write_scenes(
    path: Path, scenes: SceneParams, compute: ComputeParams, table: Path, images: Path
) -> None:
    """Write the pooled vector and the grid of every readable image of `prepare`'s image table.

    images: the archive or folder of the images.

    Raises:
        UserError: weights, the table or an image is missing, or the file cannot be written.
    """
    device = resolve_device(scenes.device)
    encoder = load_scene_encoder(scenes, device)
    shape = {"grid_shape": encoder.grid_shape}
    write_image_features(path, encoder, table, images, shape, choose_engine(compute, device))
