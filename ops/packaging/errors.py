"""What can be wrong with a package, said so that an operator can act on it."""

from __future__ import annotations


class PackagingError(Exception):
    """The package can't be made; the text says why and what to change."""
