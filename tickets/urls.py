from __future__ import annotations

from django.urls import path

from tickets.views import bell, calls, lists, pages, reviewing

app_name = "tickets"

LISTS = [
    path("", lists.ticket_list, name="list"),
    path("rows/", lists.ticket_rows, name="rows"),
    path("callbacks/", calls.callbacks, name="callbacks"),
    path("callbacks/<uuid:public_id>/", calls.callback, name="callback"),
    path("reviews/", reviewing.reviews, name="reviews"),
]
BELL = [
    path("notices/", bell.notices, name="notices"),
    path("notices/received/", bell.acknowledge, name="acknowledge"),
    path("live/token/", bell.live_token, name="live_token"),
    path("live/time/", bell.live_time, name="live_time"),
]
ONE = [
    path("files/<uuid:public_id>/", pages.attachment, name="attachment"),
    path("<uuid:public_id>/", pages.detail, name="detail"),
    path("<uuid:public_id>/act/<slug:action>/", pages.act, name="act"),
    path("<uuid:public_id>/comment/", pages.comment, name="comment"),
    path("<uuid:public_id>/attach/", pages.attach, name="attach"),
]
urlpatterns = [*LISTS, *BELL, *ONE]
