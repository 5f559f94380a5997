"""What is asked on the pages of a rota. Times are on the wall of the person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tutela.core.oncall.keep import USUAL_LEVELS, Asked, Wanted, may_serve, workflows_of
from tutela.core.oncall.models import Level, Rota
from tutela.core.people.models import Staff
from tutela.core.people.roles import PLATFORM

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: How many places of people and levels a form shows at least, and how many are left empty.
PLACES, SPARE, LEVELS = 4, 2, 5
DAYS: Final = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)


def _moment(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class Span(forms.Form):
    """From when to when."""

    starts = _moment(gettext_lazy("From"))
    ends = _moment(gettext_lazy("To"))


class SpanOf(Span):
    """A span, and who shall have it."""

    person = forms.ModelChoiceField(
        Staff.objects.none(), label=gettext_lazy("Who"), to_field_name="username", empty_label=None
    )
    field_order = ("person", "starts", "ends")

    def __init__(self, people: QuerySet[Staff], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class RotaForm(forms.Form):
    """A rota: what it is for, when they hand over, who takes turns, who is asked when nobody answers."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    workflows = forms.MultipleChoiceField(
        label=gettext_lazy("For"), widget=forms.CheckboxSelectMultiple, required=True
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    hour = forms.TimeField(
        label=gettext_lazy("Hand-over at"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    first_on = forms.DateField(
        label=gettext_lazy("First hand-over on"),
        help_text=gettext_lazy("The first person takes over on this day, and the next one a week later."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(
        self,
        works: Sequence[tuple[str, Any]],
        staff: Iterable[Staff],
        places: int,
        data: Any = None,
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.fields["workflows"].choices = works  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [(name, name) for name in sorted(available_timezones())]  # type: ignore[attr-defined]
        self._staff = {one.username: one for one in staff}
        people = [("", "—"), *((one.username, one.working_name) for one in self._staff.values())]
        self._places = max(PLACES, places + SPARE)
        for place in range(1, self._places + 1):
            self.fields[f"person{place}"] = forms.ChoiceField(
                label=_("Person %(place)d") % {"place": place}, choices=people, required=False
            )
        asked = [("", "—"), *Level.Who.choices]
        for place in range(1, LEVELS + 1):
            self.fields[f"level{place}"] = forms.ChoiceField(
                label=_("Level %(place)d") % {"place": place}, choices=asked, required=False
            )
            self.fields[f"named{place}"] = forms.ChoiceField(
                label=_("Named person"), choices=people, required=False
            )
            self.fields[f"minutes{place}"] = forms.IntegerField(
                label=_("Minutes"), min_value=1, max_value=240, required=False
            )

    @property
    def people(self) -> list[forms.BoundField]:
        """The fields of those who take turns."""
        return [self[f"person{place}"] for place in range(1, self._places + 1)]

    @property
    def levels(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """The fields of each level."""
        return [
            (self[f"level{place}"], self[f"named{place}"], self[f"minutes{place}"])
            for place in range(1, LEVELS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """A named person belongs to a level that means one."""
        said = super().clean() or {}
        for place in range(1, LEVELS + 1):
            if (said.get(f"level{place}") == Level.Who.PERSON) != bool(said.get(f"named{place}")):
                self.add_error(f"named{place}", _("Name somebody here, or choose another kind of level."))
        return said

    def wanted(self) -> Wanted:
        """What was entered."""
        said = self.cleaned_data
        people = [said[f"person{place}"] for place in range(1, self._places + 1)]
        levels = [
            Asked(
                Level.Who(said[f"level{place}"]),
                said[f"minutes{place}"] or 10,
                self._staff.get(said[f"named{place}"]),
            )
            for place in range(1, LEVELS + 1)
            if said[f"level{place}"]
        ]
        return Wanted(
            said["name"],
            tuple(said["workflows"]),
            said["time_zone"],
            said["hour"],
            said["first_on"],
            tuple(self._staff[one] for one in people if one),
            tuple(levels),
        )


def rota_form(works: Sequence[tuple[str, Any]], rota: Rota | None, zone: str, data: Any = None) -> RotaForm:
    """The form of a rota, with what it says now, or of a new one."""
    slugs = [slug for slug, _label in works]
    staff = {one.pk: one for slug in slugs for one in may_serve([slug])}
    turns = list(rota.turns.order_by("place").select_related("staff")) if rota else []
    staff |= {turn.staff_id: turn.staff for turn in turns}
    people = sorted(staff.values(), key=lambda one: (one.working_name, one.pk))
    return RotaForm(works, people, len(turns), data, initial=_initial(rota, zone, slugs))


def _initial(rota: Rota | None, zone: str, slugs: Sequence[str]) -> dict[str, Any]:
    if rota is None:
        first = [slug for slug in slugs if slug != PLATFORM][:1]
        said: dict[str, Any] = {"workflows": first, "time_zone": zone, "hour": "09:00"}
        levels = [(one.who.value, one.minutes, "") for one in USUAL_LEVELS]
    else:
        said = {
            "name": rota.name,
            "workflows": workflows_of(rota),
            "time_zone": rota.time_zone,
            "hour": rota.hour,
            "first_on": rota.first_on,
        }
        turns = rota.turns.order_by("place").values_list("staff__username", flat=True)
        said |= {f"person{place}": name for place, name in enumerate(turns, 1)}
        rows = rota.levels.order_by("place").values_list("who", "minutes", "staff__username")
        levels = [(who, minutes, name or "") for who, minutes, name in rows]
    for place, (who, minutes, name) in enumerate(levels, 1):
        said |= {f"level{place}": who, f"minutes{place}": minutes, f"named{place}": name}
    return said
