"""Shows that the trainer learns: images, choices and sparse rewards, each within an hour on two CPU cores.

python -m benchmarks.learning cartpole      # trains or continues, prints the table, stores scores and picture
python -m benchmarks.learning --show        # prints the stored tables
"""
