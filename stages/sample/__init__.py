"""The pipeline of the sample corpus, the first run's."""
