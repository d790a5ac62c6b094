"""What a user can meet and mend."""


class OldBookError(Exception):
    """A mistake in what was asked, told in one sentence that says what to do."""


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
    return mendable(error.__cause__ or error.__context__)
