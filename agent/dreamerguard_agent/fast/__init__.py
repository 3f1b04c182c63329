"""Faster versions of readable functions, with the same results; see README.md in this folder."""
