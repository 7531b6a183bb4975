from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """The ticket core: kinds, workflow, clocks, escalation, outbox."""

    name = "tickets"
    verbose_name = "工单"

    def ready(self) -> None:
        from tickets import outbox
        from tickets.acting import register_acts
        from tickets.clocks import CLOCKS
        from tickets.forms import BESIDE
        from tickets.sla.alarms import tell_admins
        from tickets.sla.definitions import register_clocks
        from tickets.sla.ladder import escalate
        from tickets.sla.rearm import rearm_from_outbox

        register_clocks(*CLOCKS)
        register_acts(BESIDE)
        outbox.register_topic("escalation", escalate)
        outbox.register_topic("effect", outbox.perform_effect)
        outbox.register_topic("alarm", tell_admins)
        outbox.register_topic("rearm", rearm_from_outbox)
