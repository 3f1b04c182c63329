"""Reads command lines, files and comments into structures that keep source positions."""
