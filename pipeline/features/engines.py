"""Who computes rows: this process, or the workers of a cluster."""

import torch

from pipeline.errors import UserError
from pipeline.features.extract import Extract, extract
from pipeline.params import ComputeParams


def choose_engine(params: ComputeParams, device: torch.device) -> Extract:
    """The engine of `compute.engine`; device: where the encoder is.

    Raises:
        UserError: its package is not installed.
    """
    if params.engine == "local":
        return extract
    try:
        # Only who asks for a cluster needs Ray.
        from pipeline.features.cluster import Cluster
    except ImportError as error:
        raise UserError(
            f"compute.engine = 'ray': {error}; pip install -r requirements-cluster.txt"
        ) from None
    return Cluster(params.workers, device).extract
