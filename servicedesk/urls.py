"""The site map: each app lists its own pages."""

from django.urls import include, path

from servicedesk.health import healthz, readyz
from servicedesk.home import home

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", home, name="home"),
    path("tickets/", include("tickets.urls")),
    path("job/", include("repairs.urls")),
    path("", include("residents.urls")),
]
