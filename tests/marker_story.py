"""Plants markers in everything that is sealed, through every door and step that takes it.

A process of its own, on the platform that the environment names: `python -m tests.marker_story`. It
prints, as JSON, which markers it planted where, and one that it planted in plain to be found. With
`dispose` it goes on: the case with the plain one is closed, its time passes, and it is disposed of.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from email.message import EmailMessage


def main() -> None:
    """Tell the story."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    if "dispose" in sys.argv:
        _dispose()
        return
    planted: dict[str, str] = {}

    def mark(where: str) -> str:
        return planted.setdefault(where, f"mark{secrets.token_hex(8)}")

    in_plain = f"mark{secrets.token_hex(8)}"
    _come_in(mark, in_plain)
    _go_on(mark)
    sys.stdout.write(json.dumps({"sealed": planted, "plain": in_plain}))


def _visit(mark, in_plain) -> None:
    """Through the portal."""
    from django.conf import settings
    from django.test import Client, override_settings

    from tests.apps import portal_settings

    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    own = portal_settings()
    with override_settings(**{**own, "STORAGES": {**settings.STORAGES, **storages}}):
        visitor = Client()
        form = visitor.get("/en/emergency/").content.decode()
        key = form.split('name="key" value="')[1].split('"')[0]
        told = {"key": key, "what": f"They said goodbye. {in_plain}", "who": "writer", "answer": "mail"}
        told |= {"address": f"{mark('portal: address')}@wiki.example", "where": mark("portal: place")}
        answer = visitor.post("/en/emergency/", told)
        assert answer.status_code in {200, 201}, answer.content.decode()[:2000]


def _come_in(mark, in_plain) -> None:
    """Through every door."""
    from django.conf import settings

    from tests.cast import emergency
    from tutela.core.cases.opening import open_waiting
    from tutela.core.cases.receive import IncomingFile, new_receipt, receipt_public, receive
    from tutela.surfaces.mail.incoming import incoming_from_mail

    _visit(mark, in_plain)
    mail = EmailMessage()
    mail["From"] = f"{mark('mail: name')} <{mark('mail: address')}@wiki.example>"
    mail["Subject"], mail["Message-ID"] = "Help", "<1@wiki.example>"
    mail["X-Route"] = mark("mail: header")
    mail.set_content("Somebody said goodbye.")
    mail.add_attachment(
        mark("mail: file").encode(),
        maintype="image",
        subtype="png",
        filename=f"{mark('mail: file name')}.png",
    )
    mailbox = next(name for name, workflow in settings.MAILBOXES.items() if workflow == "emergency")
    receive(incoming_from_mail(bytes(mail), mailbox))
    code, receipt = new_receipt()
    for channel in ("api", "cli"):
        receive(
            emergency(
                channel=channel,
                source_key=channel,
                raw=mark(f"{channel}: raw").encode(),
                sender_name=mark(f"{channel}: name"),
                fields={"who": "writer", "contact": mark(f"{channel}: field")},
                files=(IncomingFile(mark(f"{channel}: file name"), "text/plain", mark("file").encode()),),
                receipt_hash=receipt if channel == "api" else None,
                receipt_public=receipt_public(code) if channel == "api" else None,
            )
        )
    opened, until = 0, time.monotonic() + 60
    while opened < len(("portal", "mail", "api", "cli")):  # as the worker does: what fails is tried again
        assert time.monotonic() < until, _why_not_opened()
        opened += open_waiting()


def _why_not_opened() -> list[str]:
    from tutela.core.cases.models import Report
    from tutela.core.people.actor import acting_as, system_actor
    from tutela.core.people.roles import SystemActor

    with acting_as(system_actor(SystemActor.INTAKE)):
        return list(Report.objects.filter(opened_at=None).values_list("open_error", flat=True))


def _go_on(mark) -> None:
    """Through every step that takes what is sealed, to the letters."""
    from django.conf import settings

    from tests.cast import agree, emergency, make_cast
    from tutela.connectors.mail.fake import FolderMail
    from tutela.core.cases.models import Report
    from tutela.core.cases.opening import open_case
    from tutela.core.cases.receive import receive
    from tutela.core.flow.perform import perform
    from tutela.core.outbox.courier import deliver_due
    from tutela.core.people.actor import acting_as
    from tutela.core.slices import sharing
    from tutela.core.slices.tests.conftest import partner, wanted
    from tutela.workflows.emergency.tests import path

    cast = make_cast()
    with acting_as(cast.juniper):
        cases = [one.case.reference for one in Report.objects.select_related("case").order_by("id")]
    first = cases[0]
    perform(first, "note", cast.heron, {"text": mark("privileged note"), "privileged": True})
    perform(first, "edit_facts", cast.juniper, {"where": mark("facts")})
    perform(first, "add_exhibit", cast.juniper, {"kind": "text", "title": "Log", "text": mark("exhibit")})
    for reference in cases:
        perform(reference, "answer", cast.juniper, {"text": mark(f"answer to {reference}")})
    number = receive(emergency(source_key="held", sender_email="reader@wiki.example")).report_id
    reference = open_case(number)
    path.do(reference, "acknowledge", cast.juniper)
    path.do(reference, "assess_imminent", cast.juniper, **path.CHECKLIST)
    path.load_sample()
    path.do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=path.police().pk)
    path.do(reference, "verify_agency", cast.juniper, **path.CALL)
    perform(reference, "disclose", cast.juniper, {**path.RELEASE, "released": mark("what is released")})
    perform(reference, "ask_first", cast.larch, {"reason": mark("question of a reviewer")})
    agree(reference, cast.larch, mark("reason of a reviewer"))
    partner("laurel")
    given = wanted("laurel", text=mark("slice: words"), purpose=mark("slice: purpose"), words=[])
    made = sharing.ask_slice(cast.juniper, reference, given)
    sharing.give(cast.alder, made.pk, sharing.digest_of(made))
    deliver_due({"mail": FolderMail(settings.MAIL_FOLDER, "Team <team@tutela.example>")})


def _dispose() -> None:
    """The case that came through the portal goes."""
    from tests.cast import GRANTS, Cast
    from tutela.core.cases.models import Case
    from tutela.core.people.actor import Actor, acting_as
    from tutela.core.people.models import Staff
    from tutela.core.records.models import Run
    from tutela.core.records.tests import scene

    cast = Cast(**{name: Actor.of(Staff.objects.get(username=name), "desk") for name in GRANTS})
    with acting_as(cast.alder):
        first = Case.objects.order_by("id")[0].reference
    scene.close(first, cast)
    scene.grow_old(first, cast)
    assert scene.dispose(cast, first).state == Run.State.DONE
    with acting_as(cast.alder):
        assert not Case.objects.filter(reference=first).exists()


if __name__ == "__main__":
    main()
