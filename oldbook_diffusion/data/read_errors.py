"""Errors of reading a file: which one it was, and whether it may be readable later."""

import traceback

from aiohttp import ClientError
from huggingface_hub import errors

from oldbook_diffusion.errors import OldBookError

# of the hub's client, whichever that is, all that can go wrong
DISCONNECTED = (ConnectionError, TimeoutError, ClientError, errors.HTTPError)  # type: ignore[attr-defined]
NOWHERE = (404, 410)


def is_address(path: str) -> bool:
    """Whether a path is the URL of a file."""
    return path.startswith(("http://", "https://"))


def may_come(error: BaseException, name: str) -> bool:
    """Whether a file may be readable when it is requested again."""
    # a file that a server would not show is "not found", whatever the server said
    hidden = isinstance(error, FileNotFoundError) and is_address(name)
    return hidden or isinstance(error, DISCONNECTED)


def is_gone(error: BaseException) -> bool:
    """Whether a file does not exist, by what its server or this machine says."""
    cause = error.__cause__ or error
    return isinstance(cause, FileNotFoundError) or status_of(error) in NOWHERE


def status_of(error: BaseException) -> int | None:
    """The status that a server has answered with."""
    cause = error.__cause__ or error
    answer = getattr(cause, "response", cause)  # which the hub's errors hold
    status = getattr(answer, "status_code", getattr(answer, "status", None))
    return status if isinstance(status, int) else None


def damaged(name: str, error: BaseException) -> OldBookError:
    """The error of a file that arrived and cannot be read."""
    return OldBookError(
        f"{name} is damaged ({first_line(error)}): fix or remove it, and resume with "
        "--ckpt_path last"
    )


def file_of(error: BaseException) -> str | None:
    """The file that was being read, from an error's frames: `datasets` names it nowhere else."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).startswith("datasets."):
            named = (frame.f_locals.get(name) for name in ("file", "tar_path"))
            found = next((name for name in named if isinstance(name, str)), found)
    return found


def first_line(error: BaseException) -> str:
    """The message of an error, shortened to its first line."""
    return (str(error).strip() or type(error).__name__).split("\n")[0]
