"""Judging runs by their scores: curves over the published reference."""
