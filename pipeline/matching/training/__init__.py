"""CRCL's training: stages, models, memory."""
