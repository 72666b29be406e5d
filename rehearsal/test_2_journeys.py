"""The journeys of the browser tests, on the deployed API."""

from tests.browser.test_journey import *  # noqa: F403 - the same tests with another `sandbox`
