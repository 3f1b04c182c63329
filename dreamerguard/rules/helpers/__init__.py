"""Shared by rules: evidence, expected score, formatting, files for examples. Holds no rules."""
