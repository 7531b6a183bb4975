"""The SLA engine: definitions in code, rules as data, one row per clock, one sweep."""
