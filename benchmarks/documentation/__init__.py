"""Writes the generated parts of the documentation: pages of commands and keys, pictures, the configuration of the site.

``python -m benchmarks.documentation`` writes the pages and pictures, which are stored in the repository. A test
compares them with what this package gives now. ``--site FILE`` writes the configuration of the site for ``make docs``.
"""
