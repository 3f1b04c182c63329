"""DG0xx: problems with reading a configuration."""
