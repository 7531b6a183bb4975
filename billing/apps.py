from django.apps import AppConfig


class BillingConfig(AppConfig):
    """收费: holds its place in the layers until its ticket kind is registered here."""

    name = "billing"
