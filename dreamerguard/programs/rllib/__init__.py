"""RLlib's DreamerV3 (ray-project/ray), configured in Python: ``DreamerV3Config().training(training_ratio=512)``."""
