"""Settings of the encoders that a search model was trained with, saved beside it."""

from typing import Literal, Self

from pipeline.files import Fingerprint
from pipeline.models.saved import EncoderSettings
from pipeline.params.base import Count
from pipeline.params.project import Params, PrepareParams, SceneParams
from pipeline.params.search import SearchParams


class SearchEncoders(EncoderSettings):
    """The encoders of queries and images.

    per_image: keywords that the tagger gives an image without any.
    """

    visual: Literal["regions", "scenes"]
    prepare: PrepareParams
    scenes: SceneParams
    per_image: Count

    @classmethod
    def of(cls, params: Params, search: SearchParams, fingerprints: dict[str, Fingerprint]) -> Self:
        return cls(
            visual=search.visual,
            prepare=params.prepare,
            regions=params.regions,
            scenes=params.scenes,
            glove=params.glove,
            per_image=search.keywords.per_image,
            fingerprints=fingerprints,
        )
