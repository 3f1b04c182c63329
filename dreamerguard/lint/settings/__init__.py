"""The project's own settings for linting: ``dreamerguard.toml`` or ``[tool.dreamerguard]``."""
