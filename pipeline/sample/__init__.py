"""The sample corpus: painted scenes with tweets of known relation."""

from pipeline.sample.writer import write_sample_corpus

__all__ = ["write_sample_corpus"]
