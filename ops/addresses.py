"""The addresses of an application that Logto has to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Those of the application at `url`, which has no slash at its end.

    Logto sends browsers to the first three, and calls the last two itself.
    """

    url: str

    @property
    def redirect(self) -> str:
        """Where a sign-in comes back to."""
        return f"{self.url}/callback"

    @property
    def signed_out(self) -> str:
        """Where a sign-out comes back to."""
        return f"{self.url}/"

    @property
    def sign_in(self) -> str:
        """Where a tab is led whose sign-in Logto has forgotten."""
        return f"{self.url}/sign-in"

    @property
    def back_channel(self) -> str:
        """Where Logto tells of sign-outs."""
        return f"{self.url}/backchannel-logout"

    @property
    def codes(self) -> str:
        """Where Logto's connector sends codes to."""
        return f"{self.url}/otp"
