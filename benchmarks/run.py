"""Measure every row of the budget and write docs/benchmarks.md.

    make bench                              all rows; loads a database of about 3 GB the first time
    make bench ARGS="--only desk"           engine, desk or runtime alone
    make bench ARGS="--tickets 50000"       a smaller load, for trying; writes nothing

Exits with 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import harness, runtime
from benchmarks.harness import Row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("engine", "desk", "runtime"))
    parser.add_argument("--tickets", type=int, default=1_000_000)
    options = parser.parse_args()
    sections: dict[str, list[Row]] = {}
    if options.only in (None, "runtime"):
        sections["The site"] = runtime.measure()
    if options.only != "runtime":
        sections |= _inside(options.only, options.tickets)
    for title, rows in sections.items():
        print(f"\n{title}\n\n{harness.markdown(rows)}", flush=True)
    if options.only is None and options.tickets == 1_000_000:
        _write(sections)
    return 0 if all(row.is_met for rows in sections.values() for row in rows) else 1


def _inside(only: str | None, tickets: int) -> dict[str, list[Row]]:
    """The rows that need a loaded database."""
    harness.use_own_database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
    from benchmarks import desk, due_dates, engine, load

    bench = load.ensure_loaded(tickets)
    sections: dict[str, list[Row]] = {}
    if only in (None, "desk"):
        sections["The desk"] = desk.measure(bench)
    if only in (None, "engine"):
        sections["The engine"] = [*engine.measure(bench, open_clocks=tickets), *due_dates.measure()]
    return sections


def _write(sections: dict[str, list[Row]]) -> None:
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`; figures are seen, not promised, and ratios say more than milliseconds.",
        f"Measured on {harness.today()}: {harness.machine()}; everything on the same machine.",
        "",
    ]
    for title, rows in sections.items():
        parts += [f"## {title}", "", harness.markdown(rows), ""]
    (harness.ROOT / "docs" / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
