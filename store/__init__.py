"""Documents and where they are kept: one contract, two engines."""
