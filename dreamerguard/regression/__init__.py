"""Scores against a reference: statistics, published curves, watching one run, comparing two sides, charts."""
