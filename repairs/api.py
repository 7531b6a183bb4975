"""Repairs over HTTP: taking one down, and the acts of its workflow."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from repairs import actions
from repairs.actions import Material, RepairIntake
from repairs.intake import contact_end
from repairs.models import UNFINISHED, Outcome, RepairCategory
from repairs.policies import REPORT
from residents.api import actor, idempotent, project_of
from residents.errors import NotAllowed, NotFound
from residents.models import Person, Project, Staff, Unit
from residents.signed_in import projects_of
from residents.tenancy import scope_now
from tickets.api import (
    IDEMPOTENCY_KEY,
    ActIn,
    ApiAct,
    LateIn,
    ReasonIn,
    StepIn,
    TicketDetailOut,
    VersionIn,
    answers,
    by_public_id,
    detail,
    register_acts,
)
from tickets.intake import CHANNELS
from tickets.models import Attachment

MOST_FEN = 100_000_000


class RepairIn(serializers.Serializer[Any]):
    """What the desk takes down. The rules decide what may be missing: see the `field` of a refusal."""

    project = by_public_id(Project.objects.filter(is_active=True), required=False)
    category = serializers.SlugRelatedField(
        slug_field="code", queryset=RepairCategory.objects.filter(is_active=True), help_text="Code of the category."
    )
    when = serializers.ChoiceField(choices=("now", "appointment", "cannot"), required=False, allow_blank=True)
    unit = by_public_id(Unit.objects.all(), required=False, allow_null=True)
    place = serializers.CharField(max_length=80, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    window_from = serializers.DateTimeField(required=False, allow_null=True)
    window_to = serializers.DateTimeField(required=False, allow_null=True)
    explanation = serializers.CharField(max_length=500, required=False, allow_blank=True)
    reporter = by_public_id(Person.objects.all(), required=False, allow_null=True)
    contact_name = serializers.CharField(max_length=40, required=False, allow_blank=True)
    contact_phone = serializers.CharField(max_length=20, required=False, allow_blank=True)
    channel = serializers.ChoiceField(choices=list(CHANNELS), default="phone")
    contact_ended_at = serializers.DateTimeField(required=False, allow_null=True)
    is_important = serializers.BooleanField(default=False)
    price_told = serializers.BooleanField(default=False)
    price_accepted_by = serializers.CharField(max_length=40, required=False, allow_blank=True)
    not_duplicate = serializers.BooleanField(default=False, help_text="Known to be another fault (rule REP-10).")
    told_next_day = serializers.BooleanField(default=False)
    occurred_at = serializers.DateTimeField(required=False, help_text="When it was really reported (rule GEN-01).")


class RepairViewSet(viewsets.GenericViewSet[Any]):
    """Repairs. They are read, and moved on, as tickets."""

    serializer_class = RepairIn
    filter_backends = ()
    pagination_class = None

    @extend_schema(summary="Take a repair down", parameters=[IDEMPOTENCY_KEY], responses=answers(201, TicketDetailOut))
    @idempotent
    def create(self, request: Request) -> Response:
        staff = actor(request)
        if not any(REPORT.allows(staff, project_id=project.pk) for project in projects_of(staff)):
            raise NotAllowed(rule=REPORT.rule)  # before the body is looked at
        body = RepairIn(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        project = data.pop("project", None) or project_of(request)
        if not staff.may_see(project.pk):
            raise NotFound
        occurred_at = data.pop("occurred_at", None)
        ended = contact_end(data.pop("contact_ended_at", None), occurred_at=occurred_at, at=scope_now())
        data["contact_ended_at"] = ended
        ticket = actions.report_repair(RepairIntake(**data), project=project, by=staff, occurred_at=occurred_at)
        return Response(detail(ticket), status=201)


class DispatchIn(StepIn):
    technician = by_public_id(
        Staff.objects.filter(is_active=True), allow_null=True, help_text="null gives it to the pool."
    )
    oral = serializers.BooleanField(default=False)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)
    override_reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class PriceIn(LateIn):
    accepted_by = serializers.CharField(max_length=40)
    amount_fen = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_FEN, help_text="What was told where the price list has no item."
    )


class WarrantyIn(ActIn):
    in_warranty = serializers.BooleanField()
    reason = serializers.CharField(max_length=120)


class ExplanationIn(VersionIn):
    explanation = serializers.CharField(max_length=500)


class WindowIn(VersionIn):
    window_from = serializers.DateTimeField()
    window_to = serializers.DateTimeField()
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    agreed_with = serializers.CharField(max_length=40, required=False, allow_blank=True)


class ArriveIn(StepIn):
    method = serializers.ChoiceField(choices=("manual", "phone"), default="manual")
    technician = by_public_id(
        Staff.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        help_text="Who came, for a job of the pool that somebody else enters.",
    )


class ReappointIn(ReasonIn):
    window_from = serializers.DateTimeField()
    window_to = serializers.DateTimeField()


class LeaveEarlyIn(StepIn):
    consent = by_public_id(Attachment.objects.all(), allow_null=True)
    window_from = serializers.DateTimeField(allow_null=True)
    window_to = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    outcome = serializers.ChoiceField(choices=UNFINISHED, required=False, allow_blank=True)


class MaterialIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)
    quantity = serializers.FloatField(default=1, min_value=0, max_value=99_999)
    price_fen = serializers.IntegerField(default=0, min_value=0, max_value=MOST_FEN)


class FinishIn(StepIn):
    result = serializers.CharField(max_length=1000)
    outcome = serializers.ChoiceField(choices=Outcome.values, default=Outcome.FIXED)
    is_tested = serializers.BooleanField()
    is_cleaned = serializers.BooleanField()
    part_spec = serializers.CharField(max_length=200, required=False, allow_blank=True)
    materials = MaterialIn(many=True, required=False)
    labour_fen = serializers.IntegerField(default=0, min_value=0, max_value=MOST_FEN)
    signed_on_paper = serializers.BooleanField(default=False)


class ReceiverIn(ActIn):
    receiver = by_public_id(Staff.objects.filter(is_active=True))
    cautions = serializers.CharField(max_length=500, required=False, allow_blank=True)


class PartsIn(ActIn):
    part_spec = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SlipIn(LateIn):
    part_spec = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AmountIn(ActIn):
    amount_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN)


class ReceiptIn(ActIn):
    receipt_number = serializers.CharField(max_length=30)


class CancelIn(VersionIn):
    reason = serializers.CharField(max_length=500)
    withdrawn_by = serializers.CharField(max_length=40)
    method = serializers.ChoiceField(choices=("phone", "visit"), help_text="How the customer confirmed it.")
    confirmed_at = serializers.DateTimeField(required=False, help_text="When; now unless given.")


def _finish(ticket_id: int, *, materials: Any = (), **data: Any) -> None:
    actions.finish_work(ticket_id, materials=tuple(Material(**line) for line in materials), **data)


register_acts(
    "repair",
    {
        "dispatch": ApiAct(DispatchIn, actions.dispatch_repair),
        "take_back": ApiAct(VersionIn, actions.take_back_dispatch),
        "inform": ApiAct(LateIn, actions.inform_engineering),
        "tell_price": ApiAct(PriceIn, actions.tell_price),
        "correct_warranty": ApiAct(WarrantyIn, actions.correct_warranty),
        "close_unservable": ApiAct(ExplanationIn, actions.close_unservable),
        "accept": ApiAct(StepIn, actions.accept_repair),
        "return": ApiAct(ReasonIn, actions.return_repair),
        "set_appointment": ApiAct(WindowIn, actions.set_appointment),
        "apologise": ApiAct(ReasonIn, actions.apologise),
        "reappoint": ApiAct(ReappointIn, actions.reappoint),
        "arrive": ApiAct(ArriveIn, actions.arrive),
        "start": ApiAct(StepIn, actions.start_work),
        "leave_early": ApiAct(LeaveEarlyIn, actions.leave_early),
        "leave": ApiAct(LateIn, actions.leave_site),
        "finish": ApiAct(FinishIn, _finish),
        "report_completion": ApiAct(StepIn, actions.report_completion),
        "print_slip": ApiAct(ActIn, actions.print_slip),
        "take_slip": ApiAct(ReceiverIn, actions.take_slip),
        "return_slip": ApiAct(SlipIn, actions.return_slip),
        "enter_completion": ApiAct(PartsIn, actions.enter_completion),
        "waive_fee": ApiAct(AmountIn, actions.waive_fee),
        "take_fee": ApiAct(ReceiptIn, actions.take_fee),
        "cancel": ApiAct(CancelIn, actions.cancel_repair),
    },
)
