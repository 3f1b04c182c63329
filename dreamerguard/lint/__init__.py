"""Lints a command, a run file or a repository and returns findings. Never prints and never exits."""
