"""Every result that the documents show: what makes it, where it is kept, and its tables."""
