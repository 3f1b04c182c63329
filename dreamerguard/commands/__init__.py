"""Commands, one module each. A module imports heavy packages inside its function, so that other commands start fast."""
