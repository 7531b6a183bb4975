from __future__ import annotations

from django.urls import path

from frontdesk import views

app_name = "frontdesk"

urlpatterns = [
    path("", views.console, name="console"),
    path("queue/", views.queue, name="queue"),
    path("intake/", views.intake, name="intake"),
    path("units/", views.unit_search, name="unit_search"),
    path("matters/", views.category_search, name="category_search"),
    path("household/", views.household, name="household"),
    path("suggestions/", views.suggestions, name="suggestions"),
]
