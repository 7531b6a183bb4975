from django.apps import AppConfig


class RepairsConfig(AppConfig):
    """报修: registers its kind, its clocks and the acts its ladders may perform."""

    name = "repairs"
    verbose_name = "报修"

    def ready(self) -> None:
        from repairs.actions import auto_accept, effect, follow_up_repair, miss_visit
        from repairs.clocks import CLOCKS
        from repairs.kind import REPAIR
        from tickets.closing import register_follow_up
        from tickets.kinds import register_kind
        from tickets.outbox import register_effect
        from tickets.sla.definitions import register_clocks

        register_kind(REPAIR)
        register_clocks(*CLOCKS)
        register_effect("repairs.auto_accept", effect(auto_accept))
        register_effect("repairs.miss_visit", effect(miss_visit))
        register_follow_up("repair", follow_up_repair)
