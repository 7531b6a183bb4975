"""How money is written."""

from __future__ import annotations


def yuan(fen: int) -> str:
    """¥35.00 from 3500."""
    return f"¥{fen / 100:,.2f}"
