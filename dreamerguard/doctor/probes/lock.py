"""Tries to lock a file that another process may hold locked."""

import fcntl
import json
import sys
from pathlib import Path

MARK = "dreamerguard-probe:"


def main() -> None:
    """Prints whether the file could be locked."""
    try:
        with Path(sys.argv[1]).open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                answer: dict[str, object] = {"taken": True}
            except BlockingIOError:
                answer = {"taken": False}
    except Exception as error:
        answer = {"error": str(error)}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
