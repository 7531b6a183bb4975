from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """投诉: holds its place in the layers until its ticket kind is registered here."""

    name = "complaints"
