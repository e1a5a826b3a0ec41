"""``make bench``: every measurement, one table each. ``python -m benchmarks NAME …`` runs some of them."""

from __future__ import annotations

import importlib
import sys

ALL = ("startup", "importing", "answering", "retrieval", "digests", "resting", "languages")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    unknown = set(names) - set(ALL)
    if unknown:
        sys.exit(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(ALL)}.")
    for name in names or ALL:
        print(f"\n## {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
