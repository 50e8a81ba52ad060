"""AMC and its parts."""
