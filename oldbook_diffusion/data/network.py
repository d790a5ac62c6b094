"""Reading files and streams that may stall, break off or be damaged."""

import copy
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import datasets
import fsspec
import tenacity
from aiohttp import ClientTimeout
from datasets import IterableDataset
from huggingface_hub import constants
from jsonargparse.typing import NonNegativeFloat, NonNegativeInt, PositiveFloat

from oldbook_diffusion.data.read_errors import (
    NOWHERE,
    damaged,
    file_of,
    is_gone,
    may_come,
    status_of,
)
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

WEBDATASET = "webdataset"  # the builder of `datasets`
SOMEWHERE = "a file of data.path"
END = object()
Content = TypeVar("Content")


@dataclass(frozen=True)
class Network:
    """Timeouts and retries of remote data.

    Attributes:
        timeout: Seconds without a byte after which a request is given up.
        retries: Number of consecutive retries of a request before the run stops; to the hub, a
            request is five of its own client's, within half a minute.
        pause: Seconds between two requests.
    """

    timeout: PositiveFloat = 30.0
    retries: NonNegativeInt = 5
    pause: NonNegativeFloat = 5.0

    def apply(self, in_place: bool) -> None:
        """Set the timeouts and retries of the libraries.

        Args:
            in_place: Whether a part of a file can be requested again. A tar is one long response,
                which `read` begins anew; `datasets` would request the broken one again and again.
        """
        constants.HF_HUB_DOWNLOAD_TIMEOUT = max(1, round(self.timeout))
        retries, pause = (max(self.retries, 1), self.pause) if in_place else (1, 0)
        for request in ("READ", "OPEN"):
            setattr(datasets.config, f"STREAMING_{request}_MAX_RETRIES", retries)
            setattr(datasets.config, f"STREAMING_{request}_RETRY_INTERVAL", pause)
        level = logging.WARNING if in_place else logging.ERROR
        logging.getLogger("datasets.utils.file_utils").setLevel(level)

    @property
    def storage_options(self) -> dict[str, Any]:
        """The same for files at URLs; a long response may take as long as it likes."""
        timeout = ClientTimeout(total=None, sock_connect=self.timeout, sock_read=self.timeout)
        return {kind: {"client_kwargs": {"timeout": timeout}} for kind in ("http", "https")}

    def retrying(
        self, name: str | None, may_come: Callable[[BaseException], bool]
    ) -> tenacity.Retrying:
        """What makes a request again, and raises its last error.

        Args:
            name: The file; found in each error when null.
            may_come: Whether the request may succeed after an error.
        """

        def warn(state: tenacity.RetryCallState) -> None:
            assert state.outcome is not None
            error = state.outcome.exception()
            assert error is not None
            number = f"{state.attempt_number} of {self.retries}"
            file = name or file_of(error) or SOMEWHERE
            log.warning("%s: %s; retry in %g s (%s)", file, self.reason(error), self.pause, number)

        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.retries + 1),
            wait=tenacity.wait_fixed(self.pause),
            retry=tenacity.retry_if_exception(may_come),
            before_sleep=warn,
            reraise=True,
        )

    def read(self, dataset: IterableDataset) -> Iterator[dict[str, Any]]:
        """The rows of a stream, whatever its server does.

        Raises:
            OldBookError: A file is damaged, or cannot be read. It is named.
        """
        reader = Reader(copy.deepcopy(dataset))  # which has a position of its own
        in_place = dataset.info.builder_name != WEBDATASET

        def again(error: BaseException) -> bool:
            by_datasets = in_place and isinstance(error, ConnectionError)  # it has retried
            return not by_datasets and may_come(error, file_of(error) or SOMEWHERE)

        request = self.retrying(None, again)
        try:
            while (row := request(reader.next_row)) is not END:
                yield row
        except Exception as error:  # datasets raises nearly every kind
            name = file_of(error) or SOMEWHERE
            explained = self.lost if may_come(error, name) else damaged
            raise explained(name, error) from error

    def fetch(self, file: str, look: Callable[[Any], Content], **opening: Any) -> Content:
        """Read something of one file, whatever its server does.

        Args:
            file: Its path or URL.
            look: Reads what is wanted from the opened file.
            opening: How fsspec opens it.

        Raises:
            OldBookError: It cannot be read now.
            Exception: It does not exist, or is damaged.
        """
        origin = file.split("::")[-1]  # of an archive
        options = {k: v for k, v in self.storage_options.items() if origin.startswith(f"{k}://")}

        def request() -> Content:
            files, path = fsspec.url_to_fs(file, **options)
            with files.open(path, "rb", **opening) as content:
                return look(content)

        def again(error: BaseException) -> bool:
            return not is_gone(error) and may_come(error, origin)

        try:
            return self.retrying(file, again)(request)
        except Exception as error:  # fsspec raises nearly every kind
            if not again(error):
                raise
            raise self.lost(file, error) from error

    def check_there(self, url: str) -> None:
        """Request a file without reading it.

        Raises:
            OldBookError: There is none.
            ConnectionError: The server cannot tell.
        """
        try:
            urlopen(Request(url, method="HEAD"), timeout=self.timeout).close()
        except HTTPError as error:
            if error.code in NOWHERE:
                raise OldBookError(f"there is nothing at {url}: check data.path") from error
            if error.code >= 500:
                raise ConnectionError from error
        except OSError as error:
            raise ConnectionError from error

    def lost(self, file: str, error: BaseException) -> OldBookError:
        """The error of a file that cannot be read now."""
        return OldBookError(
            f"{file} does not arrive ({self.reason(error)}): when its server answers, run "
            "this again, with --ckpt_path last if it had begun, or raise "
            "data.stream.network.retries"
        )

    def reason(self, error: BaseException) -> str:
        """What has happened, in a few words."""
        cause = error.__cause__ or error
        if isinstance(cause, TimeoutError):
            return f"silent for {self.timeout:g} s"
        status = cause.code if isinstance(cause, HTTPError) else status_of(cause)
        return f"status {status}" if status else type(cause).__name__


class Reader:
    """Rows of a stream, one at a time; after an error it continues at the row that failed.

    Args:
        dataset: The stream; it keeps the position.
    """

    def __init__(self, dataset: IterableDataset) -> None:
        self.dataset = dataset
        self.rows: Iterator[dict[str, Any]] | None = None

    def next_row(self) -> Any:
        """The next row, or `END`."""
        if self.rows is None:
            self.rows = iter(self.dataset)
        try:
            return next(self.rows, END)
        except Exception:
            self.dataset.load_state_dict(self.dataset.state_dict())
            self.rows = None
            raise
