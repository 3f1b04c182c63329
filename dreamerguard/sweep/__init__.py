"""Sweeps: many runs that are linted before they start, watched together, stopped when hopeless, and compared."""
