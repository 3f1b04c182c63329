"""The nouns that every package shares: source, finding, key, setting, run, budget, machine, result."""
