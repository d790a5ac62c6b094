"""What a user can meet and mend."""


class OldBookError(Exception):
    """A mistake in what was asked, told in one sentence that says what to do."""
