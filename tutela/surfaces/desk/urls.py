"""Addresses of the desk. What leads nowhere comes last and looks like a case that nobody has."""

from django.urls import path, re_path

from tutela.ui import views as ui

from . import access, break_glass, conflicts, others, page, paging, releases, reviews, search, slices
from .approvals import views as approvals
from .case import originals
from .case import views as case
from .on_call import views as on_call
from .queue import bulk, saved
from .queue import views as queue
from .records import views as records
from .signing_in import entrance
from .steps import files
from .steps import views as steps

app_name = "desk"
urlpatterns = [
    path("", queue.my_day, name="my-day"),
    path("sign-in/", entrance.sign_in, name="sign-in"),
    path("sign-in/<str:secret>/", entrance.sign_in_link, name="sign-in-link"),
    path("invitation/<str:secret>/", entrance.invitation, name="invitation"),
    path("sign-out/", entrance.sign_out, name="sign-out"),
    path("queue/<slug:workflow>/", queue.queue, name="queue"),
    path("queue-changes/", queue.changes, name="changes"),
    path("counts/", queue.counts, name="counts"),
    path("views/", saved.views, name="views"),
    path("views/<int:number>/", queue.view, name="view"),
    path("views/<int:number>/edit/", saved.edit, name="view-edit"),
    path("views/<int:number>/forget/", saved.forget, name="view-forget"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("bulk/<int:number>/", bulk.bulk_run, name="bulk-run"),
    path("bulk/<int:number>/undo/", bulk.bulk_undo, name="bulk-undo"),
    path("case/<str:reference>/", case.case_page, name="case"),
    path("case/<str:reference>/preview/", case.preview, name="preview"),
    path("case/<str:reference>/here/", case.here, name="here"),
    path("case/<str:reference>/steps/add_file/", files.add_file, name="add-file"),
    path("case/<str:reference>/steps/<str:step>/", steps.step_page, name="step"),
    path("case/<str:reference>/undo/<int:event>/", steps.undo, name="undo"),
    path("case/<str:reference>/reports/<int:number>/", originals.report_page, name="report"),
    path("case/<str:reference>/reports/<int:number>/words/", originals.report_words, name="words"),
    path("case/<str:reference>/reports/<int:number>/raw/", originals.report_raw, name="report-raw"),
    path(
        "case/<str:reference>/reports/<int:number>/files/<int:file>/",
        originals.report_file,
        name="report-file",
    ),
    path("case/<str:reference>/exhibits/<int:number>/", originals.exhibit_page, name="exhibit"),
    path("case/<str:reference>/exhibits/<int:number>/file/", originals.exhibit_file, name="exhibit-file"),
    path("case/<str:reference>/page/", paging.answer, name="page-answer"),
    path("pages/<str:secret>/", paging.answer_by_link, name="page-link"),
    path("case/<str:reference>/access/", access.access, name="access"),
    path("case/<str:reference>/access/lift/", conflicts.lift, name="conflict-lift"),
    path("case/<str:reference>/slices/", slices.slices, name="slices"),
    path("case/<str:reference>/slices/new/", slices.compose, name="slice-compose"),
    path("case/<str:reference>/slices/<int:number>/", slices.one_slice, name="slice"),
    path("case/<str:reference>/slices/<int:number>/give/", slices.give, name="slice-give"),
    path("case/<str:reference>/slices/<int:number>/end/", slices.end, name="slice-end"),
    path("case/<str:reference>/requests/<int:number>/", approvals.request_page, name="request"),
    path("case/<str:reference>/requests/<int:number>/amend/", approvals.amend_page, name="amend"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("replies/", others.replies, name="replies"),
    path("on-call/", on_call.on_call, name="on-call"),
    path("on-call/new/", on_call.add, name="rota-add"),
    path("on-call/away/", on_call.be_away, name="be-away"),
    path("on-call/away/<int:number>/back/", on_call.be_back, name="be-back"),
    path("on-call/offers/<int:number>/", on_call.decide, name="span-decide"),
    path("on-call/calendar/", on_call.calendar_address, name="calendar-address"),
    path("on-call/calendar/<str:secret>/", on_call.calendar_file, name="calendar-file"),
    path("on-call/rotas/<slug:rota>/", on_call.rota_page, name="rota"),
    path("on-call/rotas/<slug:rota>/edit/", on_call.edit, name="rota-edit"),
    path("on-call/rotas/<slug:rota>/take/", on_call.take_span, name="span-take"),
    path("on-call/rotas/<slug:rota>/give/", on_call.give_span, name="span-give"),
    path("on-call/rotas/<slug:rota>/end/", on_call.end_span, name="span-end"),
    path("releases/", releases.releases, name="releases"),
    path("releases/export/", releases.export, name="releases-export"),
    path("releases/<str:number>/", releases.release, name="release"),
    path("break-glass/", break_glass.openings, name="glasses"),
    path("break-glass/<int:number>/", break_glass.opening, name="glass"),
    path("break-glass/<int:number>/close/", break_glass.close, name="glass-close"),
    path("break-glass/<int:number>/review/", break_glass.review, name="glass-review"),
    path("conflicts/", conflicts.declared, name="conflicts"),
    path("conflicts/<int:number>/", conflicts.conflict, name="conflict"),
    path("conflicts/<int:number>/end/", conflicts.end, name="conflict-end"),
    path("slices/", slices.shared, name="slices-shared"),
    path("slices/<int:number>/", slices.shared_one, name="slice-read"),
    path("reviews/", reviews.listed, name="reviews"),
    path("reviews/<int:number>/", reviews.review, name="review"),
    path("reviews/<int:number>/<int:line>/", reviews.decide, name="review-decide"),
    path("records/", records.overview, name="records"),
    path("records/schedule/", records.schedule_page, name="schedule"),
    path("records/due/<slug:workflow>/", records.due, name="due"),
    path("records/holds/", records.hold_list, name="holds"),
    path("records/holds/<str:number>/", records.hold_page, name="hold"),
    path("records/holds/<str:number>/release/", records.hold_release, name="hold-release"),
    path("records/runs/<str:number>/", records.run_page, name="run"),
    path("records/runs/<str:number>/decide/", records.run_decide, name="run-decide"),
    path("records/certificates/<str:number>/", records.certificate, name="certificate"),
    path("search/", search.search, name="search"),
    path("palette.json", search.palette, name="palette"),
    path("preferences/", others.preferences, name="preferences"),
    path("elements/", page.desk_page(ui.elements), name="elements"),
    re_path(r"^(?P<address>.+)/$", page.nowhere),
]
