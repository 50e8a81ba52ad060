"""All that the stage `pairs` does: captions read, words counted, noise drawn."""

from pathlib import Path

from pipeline.errors import UserError
from pipeline.matching.captions import Captions, CaptionSet
from pipeline.matching.params import MatchingParams
from pipeline.matching.precomp import is_real_noise, read_precomp
from pipeline.matching.sources import read_pairs, read_truth_captions
from pipeline.matching.vocabulary import Vocabulary


def collect_captions(params: MatchingParams) -> CaptionSet:
    """The captions that the parameters ask for, with their noise.

    Raises:
        UserError: a file is missing or damaged, or noise is asked for on noisy pairs.
    """
    splits = _read(params)
    if params.corpus.vocabulary is None:
        vocabulary = Vocabulary.of(splits["train"].words, params.corpus.min_count)
    else:
        vocabulary = Vocabulary.read(Path(params.corpus.vocabulary))
    clean = CaptionSet(splits, splits["train"].image, vocabulary)
    return clean.with_noise(params.noise)


def _read(params: MatchingParams) -> dict[str, Captions]:
    own = params.corpus
    if own.kind == "captions":
        return read_truth_captions(Path(own.folder))
    if own.kind == "pairs":
        return read_pairs(own.labels)
    folder, noise = Path(own.folder), params.noise
    if is_real_noise(folder) and (noise.rate or noise.file) and not noise.on_real:
        raise UserError(
            f"noise.rate = {noise.rate}, but some pairs of {folder} are wrong by themselves;"
            " set noise.rate: 0, or noise.on_real: true to add to it"
        )
    return read_precomp(folder, own.test_files)
