"""Says of a corpus without different relations what it is for, before anything slow begins."""

import sys
from collections.abc import Sequence

from pipeline.corpus.layouts.flickr8k import LABEL
from pipeline.corpus.pairs import Pair
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams

# Layouts whose pairs all have the label LABEL.
_CAPTIONS = ("flickr8k", "karpathy")
_PURPOSE = (
    "no relations can be learned from it; it is for matching (docs/matching.md), search"
    " (docs/search.md) and pretraining (docs/pretraining.md)"
)


def check_labels_of_captions(corpus: CorpusParams) -> None:
    """Check the labels of a layout that has captions, each with its own image.

    Raises:
        UserError: they are those of relations; with what the layout is for.
    """
    if corpus.layout in _CAPTIONS and corpus.label_map.get(LABEL, LABEL) not in corpus.labels:
        raise UserError(
            f"corpus.layout = {corpus.layout!r} has captions, all of the label {LABEL!r}:"
            f" {_PURPOSE}, with corpus.labels: [{LABEL}, no-{LABEL}]"
        )


def warn_of_one_class(pairs: Sequence[Pair]) -> None:
    """Warn if the train pairs all have one label, which `train` refuses and matching does not."""
    labels = {pair.label for pair in pairs if pair.split == "train"}
    if len(labels) == 1:
        print(
            f"warning: all train pairs have the label {labels.pop()!r}: {_PURPOSE}", file=sys.stderr
        )
