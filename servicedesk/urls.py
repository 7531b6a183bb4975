"""The site map: each app lists its own pages."""

from django.urls import include, path

from servicedesk.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("residents.urls")),
    path("tickets/", include("tickets.urls")),
    path("tech/", include("repairs.urls")),
]
handler403 = "servicedesk.pages.forbidden"
handler404 = "servicedesk.pages.not_found"
handler500 = "servicedesk.pages.server_error"
