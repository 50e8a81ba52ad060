"""The sample corpus: painted scenes with tweets whose relation to them is known."""

from pipeline.corpus.sample.writer import write_sample_corpus

__all__ = ["write_sample_corpus"]
