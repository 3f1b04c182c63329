"""Rules about what an environment is like when it is played, ``lint --probe``."""
