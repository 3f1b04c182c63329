"""Runs the training program's environment for two random episodes, when ``--probe`` allows it."""
