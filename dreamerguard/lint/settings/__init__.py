"""The project's settings for linting: ``dreamerguard.toml`` or ``[tool.dreamerguard]``."""
