"""What a user can meet and mend."""

from argparse import ArgumentError


class OldBookError(Exception):
    """A mistake in what was asked, told in one sentence that says what to do."""


def check_least(key: str, value: int, least: int) -> None:
    """Refuse a number that is too small.

    Raises:
        OldBookError: It is.
    """
    if value < least:
        raise OldBookError(f"{key} is {value}: set it to {least} or more")


EXTRAS = {"bitsandbytes": "8bit"}  # what installs a module that only some configs need


def mendable(error: BaseException | None) -> OldBookError | None:
    """The user's mistake behind an error, however deep a library has wrapped it."""
    if error is None or isinstance(error, OldBookError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        return OldBookError(
            f"this config needs {error.name}: pip install 'oldbook_diffusion[{extra}]', or "
            f"'.[{extra}]' in a clone"
        )
    # a crash while a mistake is handled is no mistake; parsers raise without naming the cause
    wraps = isinstance(error, ArgumentError)
    return mendable(error.__cause__ or (error.__context__ if wraps else None))
