"""From answers to figures: tallies, intervals, weights, verdicts, segments; and what may be shown of them."""
