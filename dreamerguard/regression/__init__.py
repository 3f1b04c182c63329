"""Compares scores with a reference: statistics, published curves, watching one run, comparing two sides, charts."""
