"""The paper's tables, and what it left out: train every row over several seeds, compare."""
