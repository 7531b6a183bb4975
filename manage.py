#!/usr/bin/env python3
"""Django's commands, and `up`: the whole site on this machine. Run it with `.venv/bin/python` (see the Makefile)."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
    if sys.argv[1:2] == ["up"]:
        # Not a Django command: it starts the servers that the settings need, and stays small beside them.
        from servicedesk.runtime.supervisor import main as up

        sys.exit(up())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
