"""pytorch/rl: the DreamerV3 of its ``sota-implementations``, in PyTorch, configured with Hydra."""
