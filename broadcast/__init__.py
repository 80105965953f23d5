"""A run reaches everyone: planned, sent, accounted for."""
