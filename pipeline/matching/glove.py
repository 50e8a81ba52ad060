"""Published vectors of a vocabulary's words, from which training goes on."""

from pathlib import Path

import numpy as np

from pipeline.features.vector_files import read_word_vectors
from pipeline.files import whole_file
from pipeline.matching.vocabulary import Vocabulary


def write_vocabulary_vectors(path: Path, vocabulary: Vocabulary, source: str) -> int:
    """Write a vector per word, (V, D) float32; returns how many the source knows.

    A word that it does not know begins as the mean of all vectors.

    Args:
        source: see `read_word_vectors`.

    Raises:
        UserError: the source cannot be read.
    """
    read = read_word_vectors(source, set(vocabulary.words))
    known = [word in read.vectors for word in vocabulary.words]
    vectors = [
        read.vectors[word] if found else read.mean
        for word, found in zip(vocabulary.words, known, strict=True)
    ]
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(vectors).astype(np.float32), allow_pickle=False)
    return sum(known)
