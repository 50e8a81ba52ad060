"""CRCL: pictures and texts matched, robustly against wrong pairs. See docs/matching.md."""
