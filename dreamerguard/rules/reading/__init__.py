"""DG0xx: what keeps a configuration from being read as it was meant."""
