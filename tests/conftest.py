"""Settings and fixtures for all tests."""

from pathlib import Path

import pytest
import torch

# On tensors as small as these, threads only wait for each other.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where every stage up to `evaluate` has run; tests leave it as it is."""
    # Only the few tests that ask for it pay for these imports.
    from tests.small_project import make_project

    folder = tmp_path_factory.mktemp("small_project")
    make_project(folder)
    return folder
