from __future__ import annotations

from django.core.management import call_command

from repairs.rulebook import RULES as REPAIR_RULES
from tickets.rulebook import RULES as TICKET_RULES
from tickets.sla.definitions import all_definitions


def test_the_page_of_rules_says_what_the_product_does() -> None:
    call_command("rules_page", check=True)


def test_every_clock_has_its_sentence_on_the_page_of_rules() -> None:
    told = {*REPAIR_RULES, *TICKET_RULES}

    assert {d.rule for d in all_definitions()} <= told
