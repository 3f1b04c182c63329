"""DG7xx: what the agent sees and does, and what it is rewarded for."""
