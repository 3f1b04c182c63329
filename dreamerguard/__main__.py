"""``python -m dreamerguard``."""

from dreamerguard.cli import main

if __name__ == "__main__":
    main()
