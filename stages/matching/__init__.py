"""Image-text matching with CRCL, robust against wrong pairs. See docs/matching.md."""
