"""The command line of the fuzzer; see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .session import again, fuzz_apart
from .targets import TARGETS


def main() -> None:
    """Fuzzes the named targets, prints a table, and exits with 1 if anything failed."""
    options = _options()
    if not options.target:
        print("\n".join(f"{target.name:14} {target.what}" for target in TARGETS.values()))
        return
    names = list(TARGETS) if options.target == ["all"] else options.target
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        sys.exit(f"there is no target {unknown[0]!r}; run without arguments for the names")
    if options.input:
        failures = again(TARGETS[names[0]], options.input, options.seconds)
        print("\n".join(f"{failure.kind}\n{failure.text}" for failure in failures))
        sys.exit(1 if failures else 0)
    failed = 0
    print(f"{'target':14} {'inputs':>10} {'failures':>9}")
    for name in names:
        bounds = options.seconds, options.megabytes
        runs, kinds = fuzz_apart(TARGETS[name], options.minutes, bounds, options.out, options.seed)
        failed += kinds
        print(f"{name:14} {runs:>10,} {kinds:>9}", flush=True)
    if failed:
        sys.exit(f"{failed} kinds of failures, inputs and tracebacks in {options.out}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="names of targets, or all")
    parser.add_argument("--minutes", type=float, default=10, help="processor time per target")
    parser.add_argument("--seconds", type=float, default=2, help="most processor time of one input")
    parser.add_argument("--megabytes", type=int, default=1000, help="most memory of one input")
    parser.add_argument("--seed", type=int, default=0, help="seed of the mutations")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), help="folder of failing inputs")
    parser.add_argument("--input", type=Path, nargs="+", help="run these inputs instead of fuzzing")
    return parser.parse_args()


main()
