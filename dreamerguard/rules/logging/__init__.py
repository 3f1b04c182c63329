"""DG6xx: logs, checkpoints and evaluation."""
