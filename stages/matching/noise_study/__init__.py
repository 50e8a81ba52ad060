"""CRCL compared with other losses, with and without wrong pairs."""
