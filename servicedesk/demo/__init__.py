"""The demo: two invented companies and sixty days of their repairs.

Companies, homes, people and rosters are written as rows. Every repair is made by the verbs that people use, at the
moment it happens, in a simulated time in which the sweep runs too: events, breaches and escalations are true.
"""
