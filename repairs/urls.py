from __future__ import annotations

from django.urls import path

from repairs import views

app_name = "repairs"

urlpatterns = [
    path("", views.tech_list, name="tech_list"),
    path("state/", views.duty_state, name="duty_state"),
    path("<uuid:public_id>/", views.tech_job, name="tech_job"),
]
