"""GloVe vectors of words."""
