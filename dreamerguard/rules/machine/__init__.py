"""DG5xx: the machine of the run."""
