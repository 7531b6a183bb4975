"""Finding a household by what the desk hears: 3-1-2502, 2502, a name, its pinyin or initials, the end of a phone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from residents.grams import contains_words
from residents.models import Occupancy, Project, Unit

_ROOM = re.compile(r"^\s*(\d{1,2})\s*(?:-|栋|幢|号楼)\s*(?:(\d{1,2})\s*(?:-|单元)\s*)?(\d{2,4})\s*室?\s*$")


@dataclass(frozen=True)
class Household:
    """A unit and the person to speak to, if one is known."""

    unit: Unit
    occupancy: Occupancy | None


def find_households(query: str, *, project: Project, on: date, limit: int = 8) -> list[Household]:
    """Units of the project that the query names, best first; empty for an empty query. At most three statements."""
    words = query.strip()
    if not words:
        return []
    units = Unit.objects.filter(project=project)
    if match := _ROOM.match(words):
        building, entrance, room = match.groups()
        short = "-".join(part for part in (str(int(building)), str(int(entrance)) if entrance else "", room) if part)
        exact = Q(short=short) if entrance else Q(short__startswith=f"{int(building)}-", room__startswith=room)
        prefix = Q(short__startswith=short) if entrance else Q(pk=None)
        found = list(units.filter(exact | prefix).order_by("short")[:limit])
        found.sort(key=lambda unit: unit.short != short)
        return _with_people(found, on)
    if words.isdigit() and len(words) in (3, 4, 10, 11):
        by_number = Q(room=words) | Q(code=words) | Q(occupancies__person__phone_tail=words)
        if len(words) == 11:
            by_number = Q(occupancies__person__phone=words)
        return _with_people(list(units.filter(by_number).distinct().order_by("short")[:limit]), on)
    if words.isascii():
        low = words.lower()
        people = Q(person__initials__startswith=low) | Q(person__pinyin__startswith=low)
    else:
        people = contains_words(words, field="person__search")
    living = (
        Occupancy.objects.filter(people, unit__project=project)
        .current(on=on)
        .select_related("unit", "person")
        .order_by("person__pinyin", "unit__short")[:limit]
    )
    found_people = [Household(row.unit, row) for row in living]
    if found_people or words.isascii():
        return found_people
    return _with_people(list(units.filter(contains_words(words)).order_by("short")[:limit]), on)


def _with_people(units: list[Unit], on: date) -> list[Household]:
    contacts: dict[int, Occupancy] = {}
    rows = Occupancy.objects.filter(unit__in=units).current(on=on).select_related("person")
    for row in rows.order_by("-is_contact", "pk"):
        contacts.setdefault(row.unit_id, row)
    return [Household(unit, contacts.get(unit.pk)) for unit in units]
