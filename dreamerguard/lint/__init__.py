"""Linting: from a command, a run file or a repository to findings. Never prints, never exits."""
