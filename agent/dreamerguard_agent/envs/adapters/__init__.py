"""Adapters of environment libraries and of custom environments, one module per suite; shared parts in `shared/`."""
