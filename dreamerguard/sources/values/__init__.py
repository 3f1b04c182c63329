"""Reads YAML and JSON with the position of every key and value."""
