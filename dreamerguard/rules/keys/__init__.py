"""DG3xx: keys, names, types and ranges."""
