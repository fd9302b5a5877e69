"""Files sent to the platform: written to disk as they arrive and refused as soon as they are known to be too large."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

OVERHEAD = 1_000_000  # what the other fields of a form may weigh


class CappedUpload(TemporaryFileUploadHandler):
    """Stops an upload that is, or becomes, larger than ``UPLOAD_LIMIT_BYTES``; the request then carries ``upload_too_large``.

    The fields before the file are kept, so that the form's token is checked and the answer is the form with its refusal.
    """

    announced = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        self.announced = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.announced > settings.UPLOAD_LIMIT_BYTES + OVERHEAD:
            self._refuse()
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start + len(raw_data) > settings.UPLOAD_LIMIT_BYTES:
            self._refuse()
        return super().receive_data_chunk(raw_data, start)

    def _refuse(self) -> None:
        self.request.upload_too_large = True  # type: ignore[union-attr]
        raise StopUpload(connection_reset=True)  # what is still on its way is not read
