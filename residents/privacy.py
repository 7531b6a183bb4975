"""What is shown of personal data (rule PRIV-02)."""

from __future__ import annotations


def masked(phone: str) -> str:
    """138****6621: first three and last four digits; of a shorter number nothing, "" for none."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****" * bool(phone)
