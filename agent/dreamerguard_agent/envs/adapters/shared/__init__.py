"""Parts that several adapters use: spaces, images, actions, checks of values, calls of foreign code."""
