"""Settings and fixtures for all tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# For `make fuzz`; examples are drawn anew each time.
settings.register_profile("fuzz", max_examples=1000, deadline=None)

# On tensors as small as these, threads only wait for each other.
torch.set_num_threads(1)

# They limit, kill or fork processes as POSIX systems do.
_POSIX_ONLY = (
    "core/test_memory.py",
    "encoders/detectors/test_detectors.py",
    "encoders/rows/*",
    "matching/training/test_training.py",
    "soak/*",
    "stages/test_training_stages.py",
    "tokenizers/test_tokenize.py",
    "training/test_resuming.py",
)
collect_ignore_glob = [*_POSIX_ONLY] if sys.platform == "win32" else []


@pytest.fixture(autouse=True)
def _ordinary_algorithms() -> Iterator[None]:
    """Seeding makes PyTorch deterministic for the whole process; other tests are not asked."""
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session", autouse=True)
def _dvc_records(tmp_path_factory: pytest.TempPathFactory) -> None:
    """DVC would keep those of the tests' repositories in /var/tmp."""
    os.environ["DVC_SITE_CACHE_DIR"] = str(tmp_path_factory.mktemp("dvc_records"))


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where every stage up to `evaluate` has run; tests leave it as it is."""
    # Only the few tests that ask for it pay for these imports.
    from tests.small_project import make_project

    folder = tmp_path_factory.mktemp("small_project")
    make_project(folder)
    return folder
