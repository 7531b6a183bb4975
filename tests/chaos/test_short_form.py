"""The short form of the scenarios, on servers of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from servicedesk.runtime.layout import ROOT
from tests.chaos.scenarios import SCENARIOS


@pytest.mark.chaos
@pytest.mark.xdist_group("stack")
def test_nothing_is_lost_or_doubled_whatever_dies() -> None:
    command = [sys.executable, "-m", "tests.chaos.run", "--clocks", "600"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("[chaos]")] == [
        f"[chaos] {name}" for name in SCENARIOS
    ]
