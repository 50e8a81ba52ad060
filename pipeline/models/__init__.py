"""Models, each in one file that follows its paper."""
