"""Matching images and texts, robustly against wrong pairs: CRCL (Qin et al., NeurIPS 2023)."""
