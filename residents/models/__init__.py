from residents.models.accounts import Account
from residents.models.homes import Building, Occupancy, Person, Unit
from residents.models.organisation import Company, Project
from residents.models.requests import IdempotencyKey
from residents.models.staff import DutyShift, Membership, Staff

__all__ = [
    "Account",
    "Building",
    "Company",
    "DutyShift",
    "IdempotencyKey",
    "Membership",
    "Occupancy",
    "Person",
    "Project",
    "Staff",
    "Unit",
]
