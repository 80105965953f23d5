"""Side-by-side measurements: the product and its baselines in the same run, one JSON line each."""
