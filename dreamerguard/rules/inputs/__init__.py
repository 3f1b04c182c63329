"""DG6xx: observations, actions and rewards of the agent."""
