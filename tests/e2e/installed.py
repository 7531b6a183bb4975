"""What this machine has to show pages with; needs no Django, so that the picture script starts anywhere."""

from __future__ import annotations

import shutil


def chromium() -> str | None:
    """The installed Chromium, by whichever name the distribution gives it."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
