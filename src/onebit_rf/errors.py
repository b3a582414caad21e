"""The one exception that means "the user can mend this"."""


class OnebitError(ValueError):
    """Bad input. The message is one line that names the key or file and says what would be right."""
