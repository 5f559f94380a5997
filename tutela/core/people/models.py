"""Staff and what they may do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .roles import PLATFORM, PLATFORM_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterable


class StaffManager(BaseUserManager["Staff"]):
    """Finds staff by username, as Django's sign-in expects."""

    def create_person(self, username: str, working_name: str, **fields: object) -> Staff:
        """Add a person who signs in by link until they have chosen a passphrase."""
        person = self.model(username=username, working_name=working_name, **fields)
        person.set_unusable_password()
        person.save(using=self._db)
        return person


class Staff(AbstractBaseUser):
    """A person who works here, or a job that acts in its own name.

    Pages, letters and exports show the working name only, so that staff are not known by their own.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SYSTEM = "system", _("System")

    username = models.CharField(max_length=80, unique=True)
    working_name = models.CharField(_("working name"), max_length=80)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    title = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=12, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    preferences = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    #: Since when there is a second factor; empty without one. The desk keeps it, which knows the factors.
    second_factor_since = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["working_name"]

    objects = StaffManager()

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")

    def __str__(self) -> str:
        return self.working_name

    @property
    def is_system(self) -> bool:
        """Whether this is a job, not a person."""
        return self.kind == self.Kind.SYSTEM


class Team(models.Model):
    """The circle of people who may see a restricted case."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    members: models.ManyToManyField[Staff, Membership] = models.ManyToManyField(
        Staff, through="Membership", related_name="teams"
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person in one team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "staff"], name="people_one_membership"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} in {self.team_id}"


class GrantQuerySet(models.QuerySet["Grant"]):
    """Questions about grants."""

    def active(self, at: datetime | None = None) -> GrantQuerySet:
        """Grants in force at a moment (now, unless told)."""
        at = at or timezone.now()
        return self.filter(since__lte=at).filter(Q(until=None) | Q(until__gt=at))

    def roles_of(self, staff_id: int, workflow: str) -> frozenset[str]:
        """The roles that one person holds on one workflow now."""
        return frozenset(
            self.active().filter(staff_id=staff_id, workflow=workflow).values_list("role", flat=True)
        )

    def holders(self, workflow: str, roles: Iterable[str]) -> models.QuerySet[Staff]:
        """The active people who hold any of the roles on a workflow now."""
        granted = self.active().filter(workflow=workflow, role__in=list(roles))
        return Staff.objects.filter(id__in=granted.values("staff_id"), is_active=True)


class Grant(models.Model):
    """One role on one workflow for one person, for a time. Ended, never deleted."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="grants")
    workflow = models.CharField(max_length=40)
    role = models.CharField(max_length=40, choices=Role)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["staff", "workflow"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["staff", "workflow", "role"], condition=Q(until=None), name="people_one_open_grant"
            ),
            models.CheckConstraint(
                condition=Q(workflow=PLATFORM, role__in=PLATFORM_ROLES)
                | (~Q(workflow=PLATFORM) & ~Q(role__in=PLATFORM_ROLES)),
                name="people_roles_of_platform",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.role} on {self.workflow}"


class OnCallShift(models.Model):
    """Who is on duty for a workflow from one moment to another, in order of escalation."""

    workflow = models.CharField(max_length=40)
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workflow", "starts_at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="people_shift_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow}: {self.staff_id} from {self.starts_at:%Y-%m-%d %H:%M}"


class SignInLink(models.Model):
    """A link that lets one person in once. Only a keyed hash of its secret is kept."""

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", _("Signs in")
        INVITATION = "invitation", _("Lets a person choose their passphrase")

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SIGN_IN)
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link for {self.staff_id}"


class Token(models.Model):
    """A bearer token of the API. Only a keyed hash of it is kept."""

    class Scope(models.TextChoices):
        READ = "read", _("Read what its holder may see")
        WRITE = "write", _("Read, and perform steps")
        GRAVE = "grave", _("Read, and perform every step, also those that ask a person for a second factor")
        INTAKE = "intake", _("Send reports in, and nothing else")

    name = models.CharField(max_length=120)
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="tokens")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Throttle(models.Model):
    """How often something was tried in the running window. Kept by the function `tutela.take`."""

    bucket = models.BinaryField(max_length=32, primary_key=True)
    window_started_at = models.DateTimeField()
    tries = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.tries} tries"


class StaffSession(models.Model):
    """One browser in which somebody is signed in. Only a hash of the session's key is kept."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="sessions")
    key_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=60, blank=True)
    agent = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"session of {self.staff_id}"


class KnownPlace(models.Model):
    """A network from which somebody signed in. Tries of strangers elsewhere do not slow them down here."""

    pk = models.CompositePrimaryKey("staff_id", "network")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    network = models.CharField(max_length=60)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.staff_id} at {self.network}"


class Kept(models.Model):
    """A small value that all web processes share for a short time. See shared.py."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
