"""Hydra's way from a command to a configuration: defaults lists, packages, overrides, interpolations.

Nothing here needs hydra, and nothing runs code or resolvers of a checkout. What is not understood is refused or left
unknown, never guessed; `exact` asks hydra itself where it is installed.
"""
