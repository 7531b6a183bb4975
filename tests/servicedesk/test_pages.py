"""Whatever goes wrong, the person gets a page in their language that says what to do."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from servicedesk.urls import handler403, handler404, handler500
from servicedesk.urls import urlpatterns as site


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a mistake of ours, with a phone number 13800000000 in it")


urlpatterns = [*site, path("fail/", fail)]
__all__ = ["handler403", "handler404", "handler500"]


def test_an_address_that_does_not_exist_gets_our_page(client: Client) -> None:
    answer = client.get("/no/such/page/")

    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


@pytest.mark.urls("tests.servicedesk.test_pages")
def test_our_own_mistake_shows_a_number_to_report_and_nothing_of_the_mistake() -> None:
    answer = Client(raise_request_exception=False).get("/fail/")

    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.content.decode()
    assert "13800000000" not in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_with_advice() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"number": "1"})

    assert answer.status_code == 403
    assert "请返回并刷新" in answer.content.decode()
