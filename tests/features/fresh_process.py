"""New processes that need not import the heavy libraries each for itself."""

import multiprocessing

FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(
    ["torch", "torchvision", "h5py", "pandas", "safetensors.numpy", "tqdm"]
)
