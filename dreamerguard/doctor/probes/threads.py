"""Starts as many threads as a run may need, at the same time."""

import json
import sys
import threading

MARK = "dreamerguard-probe:"


def main() -> None:
    """Prints how many of the threads could be started."""
    wanted, done, started = int(sys.argv[1]), threading.Event(), 0
    threads = []
    try:
        for _ in range(wanted):
            thread = threading.Thread(target=done.wait)
            thread.start()
            threads.append(thread)
            started += 1
    except RuntimeError:  # the limit is reached; the answer says so
        pass
    done.set()
    for thread in threads:
        thread.join()
    print(MARK + json.dumps({"started": started, "wanted": wanted}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
