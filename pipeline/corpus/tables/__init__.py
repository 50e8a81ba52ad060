"""Files that corpora come in: CSV tables, click logs, Karpathy's JSON."""
