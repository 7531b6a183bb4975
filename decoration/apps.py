from django.apps import AppConfig


class DecorationConfig(AppConfig):
    """装修: holds its place in the layers until its ticket kind is registered here."""

    name = "decoration"
