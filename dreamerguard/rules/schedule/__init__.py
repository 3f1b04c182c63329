"""DG7xx: evaluation, logging, checkpoints and resuming."""
