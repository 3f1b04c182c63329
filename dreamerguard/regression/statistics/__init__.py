"""Computes statistics of learning curves. Plain Python, because the guard installs without NumPy."""
