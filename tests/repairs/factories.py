from __future__ import annotations

from datetime import UTC, datetime

import factory

from repairs.models import RepairCategory, TariffItem
from residents.models.staff import Trade
from tests.residents.factories import ScopedFactory


class TariffItemFactory(ScopedFactory):
    class Meta:
        model = TariffItem

    code = factory.Sequence(lambda n: f"T{n:03d}")
    name = "上门维修费"
    price_fen = 3500
    published_at = datetime(2025, 1, 1, tzinfo=UTC)


class RepairCategoryFactory(ScopedFactory):
    """厨房漏水 under a two-year guarantee; `is_public_area=True` for a public fault."""

    class Meta:
        model = RepairCategory

    code = factory.Sequence(lambda n: f"category-{n}")
    name = "厨房漏水"
    initials = "cfls"
    group = "给排水"
    trade = Trade.PLUMBING
    warranty_months = 24
    template = "水槽下方漏水"
