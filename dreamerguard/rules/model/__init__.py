"""DG4xx: model size and constants of the algorithm."""
