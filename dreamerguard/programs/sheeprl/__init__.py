"""Eclectic-Sheep/sheeprl: DreamerV3 in PyTorch, configured with Hydra."""
