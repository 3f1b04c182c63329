"""The curves that runs are compared with: which ones, whether they are comparable, and a user's own."""
