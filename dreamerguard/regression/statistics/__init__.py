"""Arithmetic on learning curves. Plain Python: the guard installs without NumPy."""
