"""Helpers that know nothing of DreamerV3: text, terminal, paths, patterns, JSON, a cache. Imports nothing of ours."""
