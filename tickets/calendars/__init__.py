"""Time arithmetic of the SLA engine: working calendars, the bases of the rulebook, the national calendar.

Everything but `store` is pure: no models, no settings, no clock of its own.
"""
