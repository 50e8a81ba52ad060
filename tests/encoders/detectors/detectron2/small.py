"""Small untrained detectron2 models, with configurations and weights in the files' usual forms."""

import pickle
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_SIZES = "INPUT: {MIN_SIZE_TEST: 64, MAX_SIZE_TEST: 96}\nVERSION: 2\n"
FPN = f"""
MODEL:
  BACKBONE: {{NAME: build_resnet_fpn_backbone}}
  RESNETS: {{DEPTH: 18, RES2_OUT_CHANNELS: 64, OUT_FEATURES: [res2, res3, res4, res5]}}
  FPN: {{IN_FEATURES: [res2, res3, res4, res5], OUT_CHANNELS: 16}}
  ANCHOR_GENERATOR: {{SIZES: [[16], [32], [64], [128], [256]]}}
  RPN: {{IN_FEATURES: [p2, p3, p4, p5, p6], PRE_NMS_TOPK_TEST: 100, POST_NMS_TOPK_TEST: 50}}
  ROI_HEADS: {{NAME: StandardROIHeads, IN_FEATURES: [p2, p3, p4, p5], NUM_CLASSES: 5}}
  ROI_BOX_HEAD: {{NAME: FastRCNNConvFCHead, NUM_FC: 2, FC_DIM: 32, POOLER_RESOLUTION: 7}}
{_SIZES}"""
C4 = f"""
MODEL:
  RESNETS: {{DEPTH: 18, RES2_OUT_CHANNELS: 64}}
  RPN: {{PRE_NMS_TOPK_TEST: 100, POST_NMS_TOPK_TEST: 20}}
  ROI_HEADS: {{NUM_CLASSES: 5}}
{_SIZES}"""


def write_yaml(folder: Path, text: str) -> Path:
    path = folder / "model.yaml"
    path.write_text(text)
    return path


def write_zoo_file(path: Path, tensors: dict[str, Tensor]) -> Path:
    """The form of the model zoo's files."""
    arrays = {name: x.numpy() for name, x in tensors.items()}
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "somebody"}))
    return path


def untrained(model: torch.nn.Module) -> dict[str, Tensor]:
    """Random tensors for a model, by which scores differ and boxes move a little."""
    random = np.random.default_rng(0)
    tensors: dict[str, Tensor] = {}
    for name, x in model.state_dict().items():
        spread = 1 / np.sqrt(max(x[:1].numel(), 1))
        if "deltas" in name or "bbox_pred" in name:
            spread *= 0.02
        noise = random.standard_normal(x.shape).astype(np.float32) * np.float32(spread)
        is_scale = name.endswith(("norm.weight", "running_var"))
        tensors[name] = torch.ones_like(x) if is_scale else torch.from_numpy(noise)
    return tensors
