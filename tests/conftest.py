"""Settings for all tests."""

import torch

# On tensors as small as these, threads only wait for each other.
torch.set_num_threads(1)
