"""DG5xx: the machine that the run is meant for."""
