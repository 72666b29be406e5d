"""What a visitor's browser shows: small pages without scripts, in the visitor's language."""

from chalicelib.pages.locale import Locale, negotiate
from chalicelib.pages.pages import FailureKind, Page, Pages

__all__ = ["FailureKind", "Locale", "Page", "Pages", "negotiate"]
