"""Reading a stream that may stall, break off or be damaged."""

import copy
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import datasets
import fsspec
from aiohttp import ClientError, ClientResponseError, ClientTimeout
from datasets import IterableDataset
from huggingface_hub import constants, errors

from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

WEBDATASET = "webdataset"
# of the hub's client, whichever that is, all that can go wrong
DISCONNECTED = (ConnectionError, TimeoutError, ClientError, errors.HTTPError)  # type: ignore[attr-defined]
NOWHERE = (404, 410)
SOMEWHERE = "a file of data.path"
Content = TypeVar("Content")


@dataclass(frozen=True)
class Network:
    """How long a run waits for data from afar.

    Attributes:
        timeout: Seconds without a byte after which a request is given up.
        retries: How often in a row it is made again before the run ends.
        pause: Seconds between two requests.
    """

    timeout: float = 30.0
    retries: int = 5
    pause: float = 5.0

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.retries < 0 or self.pause < 0:
            raise OldBookError(
                "data.network needs a timeout above 0, and retries and a pause of 0 or more"
            )

    def apply(self, in_place: bool) -> None:
        """Tell the libraries.

        Args:
            in_place: Whether a part of a file can be asked for again. A tar is one long answer,
                which `read` begins anew; `datasets` would ask the broken one again and again.
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
        """The same for files at addresses; a long answer may take as long as it likes."""
        timeout = ClientTimeout(total=None, sock_connect=self.timeout, sock_read=self.timeout)
        return {kind: {"client_kwargs": {"timeout": timeout}} for kind in ("http", "https")}

    def read(self, stream: IterableDataset) -> Iterator[dict[str, Any]]:
        """The rows of a stream, whatever its server does.

        Raises:
            OldBookError: A file is damaged, or does not come. It is named.
        """
        stream = copy.deepcopy(stream)  # its place is its own, to go on from there
        in_place = stream.info.builder_name != WEBDATASET
        tries = Tries(self)
        while True:
            try:
                for plate in stream:
                    tries.failed = 0
                    yield plate
                return
            except Exception as error:  # datasets raises nearly every kind
                name = file_of(error) or SOMEWHERE
                if not may_come(error, name):
                    raise damaged(name, error) from error
                if in_place and isinstance(error, ConnectionError):
                    tries.failed = self.retries  # by datasets
                tries.again(name, error)
                stream.load_state_dict(stream.state_dict())

    def fetch(self, file: str, look: Callable[[Any], Content]) -> Content:
        """What can be seen in one file, whatever its server does.

        Args:
            file: Its path or address.
            look: Reads what is asked for from the opened file.

        Raises:
            OldBookError: It does not come.
            Exception: It is not there, or damaged.
        """
        origin = file.split("::")[-1]  # of an archive
        options = {k: v for k, v in self.storage_options.items() if origin.startswith(f"{k}://")}
        tries = Tries(self)
        while True:
            try:
                with fsspec.open(file, "rb", **options) as content:
                    return look(content)
            except Exception as error:  # fsspec raises nearly every kind
                if is_gone(error) or not may_come(error, origin):
                    raise
                tries.again(file, error)

    def check_there(self, url: str) -> None:
        """Ask for a file without reading it.

        Raises:
            OldBookError: There is none.
            ConnectionError: The server cannot tell.
        """
        try:
            urlopen(Request(url, method="HEAD"), timeout=self.timeout).close()
        except HTTPError as error:
            if error.code in NOWHERE:
                raise OldBookError(f"there is nothing at {url}: look at data.path") from error
            if error.code >= 500:
                raise ConnectionError from error
        except OSError as error:
            raise ConnectionError from error


@dataclass
class Tries:
    """How often in a row something has failed.

    Attributes:
        network: How long to wait, and how often.
        failed: How often it has failed.
    """

    network: Network
    failed: int = 0

    def again(self, what: str, error: Exception) -> None:
        """Wait for the next try.

        Raises:
            OldBookError: There were enough.
        """
        why = self.reason(error.__cause__ or error)
        most, pause = self.network.retries, self.network.pause
        if self.failed >= most:
            raise OldBookError(
                f"{what} does not come ({why}): when its server answers again, go on with "
                "--ckpt_path last, or raise data.network.retries"
            ) from error
        self.failed += 1
        log.warning("%s: %s; asking again in %g s (%d of %d)", what, why, pause, self.failed, most)
        time.sleep(pause)

    def reason(self, error: BaseException) -> str:
        """What has happened, in a few words."""
        if isinstance(error, TimeoutError):
            return f"silent for {self.network.timeout:g} s"
        if isinstance(error, HTTPError | ClientResponseError):
            return f"status {error.code if isinstance(error, HTTPError) else error.status}"
        return type(error).__name__


def is_address(path: str) -> bool:
    """Whether a path is a file on a server."""
    return path.startswith(("http://", "https://"))


def may_come(error: Exception, name: str) -> bool:
    """Whether a file may be there when it is asked for again."""
    # a file that a server would not show is "not found", whatever the server said
    hidden = isinstance(error, FileNotFoundError) and is_address(name)
    return hidden or isinstance(error, DISCONNECTED)


def is_gone(error: Exception) -> bool:
    """Whether a file is not there, by what its server or this machine says."""
    cause = error.__cause__ or error
    answer = getattr(cause, "response", cause)  # which the hub's errors hold
    status = getattr(answer, "status_code", getattr(answer, "status", None))
    return isinstance(cause, FileNotFoundError) or status in NOWHERE


def damaged(name: str, error: Exception) -> OldBookError:
    """What to say of a file that came and cannot be read."""
    return OldBookError(
        f"{name} is damaged ({first_line(error)}): mend it or take it away, and go on with "
        "--ckpt_path last"
    )


def file_of(error: BaseException) -> str | None:
    """The file that was being read, by the frames of an error; `datasets` says it nowhere else."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).startswith("datasets."):
            named = (frame.f_locals.get(name) for name in ("file", "tar_path"))
            found = next((name for name in named if isinstance(name, str)), found)
    return found


def first_line(error: BaseException) -> str:
    """What an error says, shortened to its first line."""
    return (str(error).strip() or type(error).__name__).split("\n")[0]
