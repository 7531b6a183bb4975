"""The site map: each app lists its own pages."""

from django.urls import path

from servicedesk.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
