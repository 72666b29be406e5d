"""What a visitor's browser shows: small pages without scripts, in the visitor's language."""

from chalicelib.pages.pages import FailureKind, Page, Pages

__all__ = ["FailureKind", "Page", "Pages"]
