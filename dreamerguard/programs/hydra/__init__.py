"""Composes a configuration from a command as hydra does: defaults lists, packages, overrides, interpolations.

Nothing here needs hydra, and nothing runs code or resolvers of a checkout. An unsupported construct is refused or its
value stays unknown; nothing is guessed. `exact` calls hydra itself if it is installed.
"""
