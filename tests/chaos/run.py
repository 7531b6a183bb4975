"""Run the scenarios; see the package. Ends with 0 when nothing was lost, doubled or stuck."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from tests.chaos.scenarios import SCENARIOS, Town
from tests.chaos.stack import Failed, stack


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="may be given several times")
    parser.add_argument("--minutes", type=float, default=0.0, help="0 is the short form")
    parser.add_argument("--clocks", type=int, default=2000, help="clocks of a storm")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failed = 0
    with stack() as made:
        from tests.worlds import make_world

        town = Town(made, [make_world("garden"), make_world("harbour")], options.clocks, options.minutes * 60)
        for name in options.only or SCENARIOS:
            began = time.monotonic()
            try:
                found = SCENARIOS[name](town)
            except Failed as failure:
                failed += 1
                found = f"FAILED: {failure}\n{made.logs()}"
            made.end()
            sys.stdout.write(f"[chaos] {name}: {found} ({time.monotonic() - began:.0f} s)\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
