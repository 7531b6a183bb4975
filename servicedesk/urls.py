"""The site map: each app lists its own pages."""

from django.urls import include, path

from servicedesk.health import healthz, readyz
from servicedesk.home import home

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", home, name="home"),
    path("api/", include("servicedesk.api")),
    path("", include("residents.urls")),
    path("desk/", include("frontdesk.urls")),
    path("tickets/", include("tickets.urls")),
    path("tech/", include("repairs.urls")),
]
handler403 = "servicedesk.pages.forbidden"
handler404 = "servicedesk.pages.not_found"
handler500 = "servicedesk.pages.server_error"
