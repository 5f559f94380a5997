"""Saved views: a filter under a name, for oneself or for everybody on a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tutela.core.errors import NotFound
from tutela.surfaces.desk.models import SavedView
from tutela.surfaces.desk.page import desk_page, show
from tutela.surfaces.desk.rail import asker_of, standing_of

from .filters import KEYS, LONGEST, parse
from .lists import SORTS

if TYPE_CHECKING:
    from tutela.surfaces.desk.page import DeskRequest

    from .filters import Asker


class SaveView(forms.Form):
    """The name of a view, its filter, and who sees it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    query = forms.CharField(label=gettext_lazy("Filter"), max_length=LONGEST, required=False)
    sort = forms.ChoiceField(
        label=gettext_lazy("Order"), choices=[(one.name, one.label) for one in SORTS.values()]
    )
    shared_with = forms.ChoiceField(
        label=gettext_lazy("Who sees it"), required=False, help_text=gettext_lazy("Only you can change it.")
    )

    def __init__(self, data: Any = None, *, asker: Asker, workflows: list[Any], **more: Any) -> None:
        super().__init__(data, **more)
        self._asker = asker
        self.fields["shared_with"].choices = [  # type: ignore[attr-defined]
            ("", _("Only you")),
            *((one.slug, _("Everybody on %(workflow)s") % {"workflow": one.plural}) for one in workflows),
        ]

    def clean_query(self) -> str:
        """A filter of which every part is understood."""
        asked = parse(self.cleaned_data["query"], self._asker)
        if asked.problems:
            raise forms.ValidationError(list(asked.problems))
        return asked.text


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def views(request: DeskRequest) -> HttpResponse:
    """The views of this person and those shared with them, and a form for a new one."""
    standing = standing_of(request)
    given = request.POST if request.method == "POST" else None
    wanted = {"query": request.GET.get("q", "")[:LONGEST], "sort": request.GET.get("sort", "due")}
    form = SaveView(given, asker=asker_of(request), workflows=standing.workflows, initial=wanted)
    if given is not None and form.is_valid() and (saved := _save(request, form)):
        return HttpResponseRedirect(reverse("desk:view", args=[saved.pk]))
    found = SavedView.objects.for_person(request.user.pk, standing.roles).select_related("owner")
    context = {"form": form, "views": found, "me": request.user.pk, "keys": KEYS}
    return show(request, "desk/views.html", context, 200 if given is None else 422)


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: DeskRequest, number: int) -> HttpResponse:
    """One of one's own views, to be changed."""
    found = _own(request, number)
    given = request.POST if request.method == "POST" else None
    kept = {"name": found.name, "query": found.query, "sort": found.sort, "shared_with": found.shared_with}
    form = SaveView(given, asker=asker_of(request), workflows=standing_of(request).workflows, initial=kept)
    if given is not None and form.is_valid() and _save(request, form, found):
        return HttpResponseRedirect(reverse("desk:view", args=[found.pk]))
    context = {"form": form, "view": found, "keys": KEYS}
    return show(request, "desk/view_edit.html", context, 200 if given is None else 422)


@desk_page
@require_POST
def forget(request: DeskRequest, number: int) -> HttpResponse:
    """Remove one of one's own views."""
    _own(request, number).delete()
    return HttpResponseRedirect(reverse("desk:views"))


def _own(request: DeskRequest, number: int) -> SavedView:
    found = SavedView.objects.filter(owner=request.user, pk=number).first()
    if found is None:
        raise NotFound
    return found


def _save(request: DeskRequest, form: SaveView, view: SavedView | None = None) -> SavedView | None:
    view = view or SavedView(owner=request.user)
    for name, value in form.cleaned_data.items():
        setattr(view, name, value)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        form.add_error("name", _("You have a view of this name. Choose another one."))
        return None
    return view
