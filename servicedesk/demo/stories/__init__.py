"""How a repair goes: told as a generator that waits, acts through the product's own verbs, and waits again.

Every `yield` is a moment; what follows it happens at that moment, in a transaction of its own. What can go wrong is
drawn before the story begins (`Turns`), so that a story can also be told on purpose.
"""

from servicedesk.demo.stories.repair import Repair
from servicedesk.demo.stories.turns import CHANCES, DAY, HOUR, MINUTE, Turn

__all__ = ["CHANCES", "DAY", "HOUR", "MINUTE", "Repair", "Turn"]
