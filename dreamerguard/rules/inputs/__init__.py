"""DG6xx: what the agent sees and what the environment does."""
