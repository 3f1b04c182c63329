"""Programs whose configuration the linter understands. Each one resolves its layers exactly as that program does."""
