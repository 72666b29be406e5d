"""The pages, from templates beside this module and the words of a language.

Everything is escaped by Jinja unless a template says otherwise, and none does. The style
stands in the page, and the policy names it by its hash, so that nothing else applies.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment
    from markupsafe import Markup

    from chalicelib.languages import Language

HERE = Path(__file__).parent


class FailureKind(StrEnum):
    """Why there is no page to show; each has its own words in every language."""

    ATTEMPT_UNKNOWN = "attempt_unknown"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    ANSWER_REJECTED = "answer_rejected"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not_found"
    NOT_ACCEPTED = "not_accepted"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the headers that belong to it."""

    html: str = field(repr=False)
    headers: Mapping[str, str]


class Pages:
    """Makes pages; lives as long as the process, and loads Jinja at the first one.

    `base_url` is the application's public URL without a trailing slash: links are made
    from it, so that they work under a stage path.
    """

    def prepare(self) -> None:
        """Compile all templates, which otherwise happens when a page first needs one."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)
        _ = self._policy

    def home_signed_out(
        self, language: Language, *, base_url: str, farewell: str | None = None
    ) -> Page:
        """Return the home page for a stranger.

        `farewell` is how far a sign-out on all devices went that led here: one of the words
        that the languages have sentences for.
        """
        return self._page("home_signed_out.html", language, base_url, farewell=farewell)

    def home_signed_in(
        self,
        language: Language,
        *,
        base_url: str,
        display_name: str | None,
        phone_hint: str | None,
        leads_to: str,
    ) -> Page:
        """Return the home page for somebody who is signed in; its form may lead to `leads_to`."""
        page = self._page(
            "home_signed_in.html",
            language,
            base_url,
            display_name=display_name,
            phone_hint=phone_hint,
        )
        return self._with_form(page, leads_to)

    def confirm_sign_out(
        self, language: Language, *, base_url: str, leads_to: str, everywhere: bool = False
    ) -> Page:
        """Return the page that asks whether to sign out; its form may lead on to `leads_to`."""
        page = self._page("confirm_sign_out.html", language, base_url, everywhere=everywhere)
        return self._with_form(page, leads_to)

    def failure(
        self,
        language: Language,
        *,
        base_url: str,
        kind: FailureKind,
        reference: str | None = None,
        return_to: str | None = None,
    ) -> Page:
        """Return the page that says what went wrong and how to go on.

        `reference` stands on the page and in the log, where something was logged. Another try to
        sign in leads on to `return_to`, a path of this application.
        """
        return self._page(
            "failure.html",
            language,
            base_url,
            kind=kind.value,
            reference=reference,
            return_to=return_to,
        )

    def not_found(self, languages: Iterable[Language], *, base_url: str) -> Page:
        """Return the page for requests that don't tell which of the languages the visitor reads."""
        first, *_ = spoken = list(languages)
        page = self._page("not_found.html", first, base_url, spoken=spoken)
        headers = {**page.headers, "Content-Language": ", ".join(each.tag for each in spoken)}
        return Page(page.html, headers)

    def _with_form(self, page: Page, leads_to: str) -> Page:
        # Browsers apply the policy to where the form's answer leads, too.
        policy = self._policy.replace("form-action 'none'", f"form-action 'self' {leads_to}")
        return Page(page.html, {**page.headers, "Content-Security-Policy": policy})

    def _page(self, template: str, language: Language, base_url: str, **context: Any) -> Page:
        html = self._environment.get_template(template).render(
            lang=language.tag,
            text=language.pages,
            style=self._style,
            base_url=base_url,
            **context,
        )
        return Page(
            html,
            {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Language": language.tag,
                "Content-Security-Policy": self._policy,
                "Vary": "Accept-Language, Cookie",
            },
        )

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        class ItemsFirst(Environment):
            """Reads `text.title` as an item, which it is, and not as an attribute first."""

            getattr = Environment.getitem  # type: ignore[assignment]

        return ItemsFirst(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    @cached_property
    def _style(self) -> Markup:
        from markupsafe import Markup

        # It has no character that Jinja would escape, or its hash in the policy would not fit; a
        # test holds it to that. As Markup it is not searched for one with each page.
        return Markup((HERE / "style.css").read_text(encoding="utf-8"))  # noqa: S704

    @cached_property
    def _policy(self) -> str:
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode("ascii")
        return "; ".join(
            (
                "default-src 'none'",
                f"style-src 'sha256-{digest}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )
