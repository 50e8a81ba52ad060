"""CRCL beside other losses, on right pairs and on wrong ones."""
