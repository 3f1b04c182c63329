"""The data types that every package shares: source, finding, key, setting, run, budget, machine, result."""
