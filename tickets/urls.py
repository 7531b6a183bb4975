from __future__ import annotations

from django.urls import path

from tickets import views

app_name = "tickets"

urlpatterns = [
    path("", views.ticket_list, name="list"),
    path("rows/", views.ticket_rows, name="rows"),
    path("callbacks/", views.callbacks, name="callbacks"),
    path("callbacks/<uuid:public_id>/", views.callback, name="callback"),
    path("reviews/", views.reviews, name="reviews"),
    path("notices/", views.notices, name="notices"),
    path("notices/received/", views.acknowledge, name="acknowledge"),
    path("live/token/", views.live_token, name="live_token"),
    path("live/time/", views.live_time, name="live_time"),
    path("files/<uuid:public_id>/", views.attachment, name="attachment"),
    path("<uuid:public_id>/", views.detail, name="detail"),
    path("<uuid:public_id>/act/<slug:action>/", views.act, name="act"),
    path("<uuid:public_id>/comment/", views.comment, name="comment"),
    path("<uuid:public_id>/attach/", views.attach, name="attach"),
]
