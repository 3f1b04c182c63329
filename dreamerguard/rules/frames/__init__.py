"""DG2xx: units of run length, and action repeat."""
