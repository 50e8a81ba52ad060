"""The similarity models by name, and their folders on disk."""

from pathlib import Path

from torch import Tensor, nn

from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.scan import SCAN
from pipeline.models.matching.sgraf import SAF, SGR
from pipeline.models.matching.vse_infinity import VSEInfinity
from pipeline.models.saved import load_model, save_model
from pipeline.params.matching import Member

SimilarityModel = VSEInfinity | SCAN | SAF | SGR

_MODELS: dict[Member, type[VSEInfinity] | type[SCAN] | type[SAF] | type[SGR]] = {
    "vse_infinity": VSEInfinity,
    "scan": SCAN,
    "saf": SAF,
    "sgr": SGR,
}


class MatchingModel(nn.Module):
    """A similarity model with its configuration."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        self.config = config
        self.compare: SimilarityModel = _MODELS[config.member](config)

    def forward(
        self, regions: Tensor, region_mask: Tensor, words: Tensor, word_mask: Tensor
    ) -> Tensor:
        """Features of B pairs, with masks on the host -> the similarity of each image with each
        text, (B, B)."""
        images = self.compare.encode_images(regions, region_mask)
        return self.compare.similarity(images, self.compare.encode_texts(words, word_mask))

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        save_model(folder, self, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "MatchingModel":
        """The model that `save_pretrained` wrote, in evaluation mode on the CPU.

        Raises:
            UserError: a file is missing or damaged.
        """
        return load_model(folder, MatchingConfig, cls)
