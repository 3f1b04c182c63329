"""DeepMind Control: one environment, and many with native physics in threads."""
