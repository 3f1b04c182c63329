"""The networks and distributions of the agent, in their readable form."""
