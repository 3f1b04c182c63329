"""NM512/dreamerv3-torch and its forks."""
