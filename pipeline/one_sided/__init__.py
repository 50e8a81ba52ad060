"""References that see one side of a pair; they depend on no trained model."""
