"""A file of a form, sealed while it arrives: it stands in plain nowhere, and never whole in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from tutela.core.errors import TutelaError
from tutela.core.files.keeping import Draft

if TYPE_CHECKING:
    from django.http import HttpRequest


if TYPE_CHECKING:
    _Upload = UploadedFile[Any]
else:
    _Upload = UploadedFile


class SealedUpload(_Upload):
    """A file as the form gives it: what it is called, and its sealed draft."""

    def __init__(self, draft: Draft, name: str, content_type: str) -> None:
        super().__init__(None, name, content_type, draft.size)
        self.draft = draft


class SealingHandler(FileUploadHandler):
    """Seals the first file of a form that has content; `error` says why it could not."""

    #: Bytes that Django hands over at a time.
    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.error: TutelaError | None = None
        self._draft: Draft | None = None
        self._is_done = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file. Another one is passed over."""
        super().new_file(*args, **kwargs)
        if self._draft is not None or self.error is not None:
            raise SkipFile
        try:
            self._draft = Draft(settings.LARGEST_FILE)
        except TutelaError as error:
            self._give_up(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002  Django's signature
        """Seal what arrived."""
        assert self._draft is not None
        try:
            self._draft.write(raw_data)
        except TutelaError as error:
            self._give_up(error)

    def file_complete(self, file_size: int) -> SealedUpload | None:  # noqa: ARG002  Django's signature
        """The file, if all of it is sealed."""
        if self._draft is None or self._is_done:
            return None
        try:
            self._draft.finish()
        except TutelaError as error:
            self.error = error
            self.drop()
            return None
        self._is_done = True
        return SealedUpload(self._draft, self.file_name or "", self.content_type or "")

    def upload_interrupted(self) -> None:
        """Whoever sent it went away."""
        self.drop()

    def drop(self) -> None:
        """Throw away what no case kept."""
        if self._draft is not None:
            self._draft.drop()

    def _give_up(self, error: TutelaError) -> NoReturn:
        self.error = error
        self.drop()
        self._draft = None
        raise SkipFile from error
