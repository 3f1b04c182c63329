"""Follows the configuration through the code of a checkout: which settings a training script can read, by full path."""
