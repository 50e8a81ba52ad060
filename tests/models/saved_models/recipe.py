"""Small models as a version of the project saved them, with inputs and what they found in them.

Each numbered folder beside this file was written by the version of its day, and stays as it is.
When a format has changed, add the next:

    python -m tests.models.saved_models.recipe 2
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipeline.files import digest
from pipeline.models.ananet import AnANet
from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.model import MatchingModel
from pipeline.models.saved import AnANetEncoders
from pipeline.models.search.amc import AMC, Images, fused
from pipeline.search.data.settings import SearchEncoders
from tests.matching.tiny_matching import matching_params
from tests.models.tiny_batch import Batch
from tests.search.tiny import tiny_images, tiny_model, tiny_queries
from tests.search.tiny import tiny_params as search_params
from tests.tiny import opinionated, tiny_config, tiny_params

FOLDER = Path(__file__).parent
FINGERPRINTS = {
    "regions.h5": {"encoder": "detector", "values": {"input": "native", "overlap": 1e-05}},
    "glove.h5": {"encoder": "glove", "values": {"vectors": "é.txt", "rows": [2, 50]}},
}


def ananet(folder: Path) -> Mapping[str, Tensor]:
    """Three pairs; returns the inputs."""
    torch.manual_seed(0)
    model = opinionated(AnANet(tiny_config({"fusion.lambda": 0.7}, encoders=_digests())))
    model.image_encoder.standardize(torch.randn(5), torch.rand(5) + 0.5)
    model.save_pretrained(folder)
    AnANetEncoders.of(tiny_params(), FINGERPRINTS).save(folder)
    regions, region_mask, words, word_mask = Batch().inputs()
    return {
        "regions": regions.float(),
        "region_mask": region_mask,
        "words": words.float(),
        "word_mask": word_mask,
    }


def ananet_found(folder: Path, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    found = AnANet.from_pretrained(folder)(**inputs)
    return {"logits": found.logits, "A_t2v": found.alignment.A_t2v}


def matching(folder: Path) -> Mapping[str, Tensor]:
    """Three images and three texts; returns the inputs."""
    torch.manual_seed(0)
    params = matching_params({"model.width": 4, "model.similarity_width": 4})
    config = MatchingConfig(
        member="sgr", region_width=5, vocabulary=9, word_width=4, model=params.model
    )
    model = MatchingModel(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.uniform_(-0.9, 0.9)  # a new model tells hardly any pair from another
    model.save_pretrained(folder)
    regions, region_mask, _, word_mask = Batch().inputs()
    return {
        "regions": regions.float(),
        "region_mask": region_mask,
        "words": torch.randint(9, word_mask.shape),
        "word_mask": word_mask,
    }


def matching_found(folder: Path, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    return {"similarities": MatchingModel.from_pretrained(folder)(**inputs)}


def amc(folder: Path) -> Mapping[str, Tensor]:
    """Three queries and four images; returns the inputs."""
    model = tiny_model("gru")
    model.config = model.config.model_copy(update={"encoders": _digests()})
    model.save_pretrained(folder)
    SearchEncoders.of(tiny_params(), search_params(), FINGERPRINTS).save(folder)
    words, word_mask = tiny_queries()
    return {"words": words, "word_mask": word_mask, **vars(tiny_images())}


def amc_found(folder: Path, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    model = AMC.from_pretrained(folder)
    queries = [inputs[name] for name in ("words", "word_mask")]
    names = ("visual", "visual_mask", "keywords", "keyword_mask")
    images = model.encode(Images(**{name: inputs[name] for name in names}))
    found = fused(model(*queries, images))
    return {"scores": found.scores, "weights": found.weights}


def _digests() -> dict[str, str]:
    return {name: digest(fingerprint) for name, fingerprint in FINGERPRINTS.items()}


Found = Callable[[Path, Mapping[str, Tensor]], Mapping[str, Tensor]]
FOUND: dict[str, Found] = {"ananet": ananet_found, "matching": matching_found, "amc": amc_found}


def found(folder: Path) -> Mapping[str, Tensor]:
    """What the model of a folder finds in the inputs that lie beside it."""
    with torch.no_grad():
        return FOUND[folder.name](folder, load_file(folder / "inputs.safetensors"))


def main(number: str) -> None:
    for make in (ananet, matching, amc):
        folder = FOLDER / number / make.__name__
        save_file(make(folder), folder / "inputs.safetensors")
        save_file(found(folder), folder / "found.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
