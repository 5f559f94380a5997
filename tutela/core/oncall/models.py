"""Rotas, their people and levels, absences, offers of a span, calendar feeds. Nothing of any case.

A span that somebody took is a `people.OnCallShift`, one for each work that the rota covers.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.people.models import Staff


class Rota(models.Model):
    """A list of people who take turns by the week.

    The hand-over is at `hour` on `weekday` (0 is Monday) on the wall of `time_zone`. The first person of
    the list takes over on `first_on`, which is such a weekday.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=60, default="UTC")
    weekday = models.PositiveSmallIntegerField(default=0)
    hour = models.TimeField()
    first_on = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="oncall_weekday"),
        ]

    def __str__(self) -> str:
        return self.name


class Cover(models.Model):
    """One workflow, or the platform, that a rota is for. Each has one rota at most."""

    workflow = models.CharField(max_length=40, primary_key=True)
    rota = models.ForeignKey(Rota, models.CASCADE, related_name="covers")

    def __str__(self) -> str:
        return self.workflow


class Turn(models.Model):
    """The place of one person in the order of a rota."""

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="turns")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rota", "place"], name="oncall_one_in_place"),
            models.UniqueConstraint(fields=["rota", "staff"], name="oncall_one_place"),
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.staff_id}"


class Level(models.Model):
    """Who is asked at one level of the escalation, and for how many minutes before the next one is."""

    class Who(models.TextChoices):
        """Whom a level means at the moment when it is asked."""

        DUTY = "duty", _("Whoever is on duty")
        NEXT = "next", _("Whoever is next in the rota")
        PERSON = "person", _("A named person")
        MANAGERS = "managers", _("The managers")

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="levels")
    place = models.PositiveSmallIntegerField()
    who = models.CharField(max_length=10, choices=Who)
    staff = models.ForeignKey(Staff, models.CASCADE, null=True, blank=True, related_name="+")
    minutes = models.PositiveSmallIntegerField(default=10)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rota", "place"], name="oncall_one_level"),
            models.CheckConstraint(condition=Q(minutes__gte=1, minutes__lte=240), name="oncall_minutes"),
            models.CheckConstraint(
                condition=Q(who="person", staff__isnull=False) | (~Q(who="person") & Q(staff=None)),
                name="oncall_level_names_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.who}"


class Absence(models.Model):
    """From when to when somebody is away, and not on duty whatever a rota says. Why is nobody's business."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["staff", "ends_at"], name="oncall_absence_of")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="oncall_absence_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} from {self.starts_at:%Y-%m-%d}"


class Offer(models.Model):
    """A span that somebody asks a colleague to take. The giver stays on duty until they agree."""

    rota = models.ForeignKey(Rota, models.CASCADE, related_name="offers")
    giver = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    taker = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["taker"], condition=Q(decided_at=None), name="oncall_offer_waits")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="oncall_offer_forward"),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="oncall_offer_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} to {self.taker_id}"


class Feed(models.Model):
    """The address at which a calendar program reads one person's rotas. Only a keyed hash of it is kept."""

    staff = models.OneToOneField(Staff, models.CASCADE, primary_key=True, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"feed of {self.staff_id}"
