"""Where the captions of matching come from: a stage for each kind of corpus."""
