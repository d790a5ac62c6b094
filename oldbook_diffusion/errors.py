"""OldBookError: an error that the user can fix."""

from argparse import ArgumentError


class OldBookError(Exception):
    """An error that the user can fix: one sentence, with the fix."""


EXTRAS = {"bitsandbytes": "8bit"}  # extra that installs a module which only some configs need


def user_error(error: BaseException | None) -> OldBookError | None:
    """The OldBookError behind an error, however deep a library has wrapped it."""
    if error is None or isinstance(error, OldBookError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        return OldBookError(
            f"this config needs {error.name}: pip install 'oldbook_diffusion[{extra}]', or "
            f"'.[{extra}]' in a clone"
        )
    # a crash while an error is handled is a bug; parsers raise without naming the cause
    wraps = isinstance(error, ArgumentError)
    return user_error(error.__cause__ or (error.__context__ if wraps else None))
