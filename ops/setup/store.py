"""The stage's parameters in SSM, and what `setup` adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.parameters import default_templates, generated_secrets, put, read
from ops.setup.plan import HIDDEN, MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ssm import SSMClient

    from ops.setup.plan import Plan


class Store:
    """The parameters under a prefix. `values` are those in SSM, decrypted, as they were read.

    Texts have Logto's placeholders, whichever way SSM keeps them.
    """

    def __init__(self, client: SSMClient, prefix: str) -> None:
        """Read the parameters. Raises botocore's errors."""
        self._client = client
        self._prefix = prefix
        self.values = {name: each.value for name, each in read(client, prefix).items()}

    def __repr__(self) -> str:
        """Return where it is, without a value."""
        return f"Store({self._prefix!r})"

    def path(self, name: str) -> str:
        """Return a parameter's whole name."""
        return f"{self._prefix}/{name}"

    def put(self, name: str, value: str) -> None:
        """Put a value. A parameter that was missing is not overwritten if it exists by now."""
        try:
            put(self._client, self.path(name), value, overwrite=name in self.values)
            self.values[name] = value
        except self._client.exceptions.ParameterAlreadyExists:
            # Whoever made it in the meantime has it in use already.
            found = self._client.get_parameter(Name=self.path(name), WithDecryption=True)
            self.values[name] = found["Parameter"]["Value"]


def plan_parameters(
    plan: Plan,
    store: Store,
    random_bytes: Callable[[int], bytes],
    imported: Mapping[str, str],
) -> None:
    """Plan the secrets and texts that are missing.

    `imported` are the texts of the connector that was used until now. Such a text takes the place
    of a default text, and never of one that a team wrote.
    """
    for name, value in generated_secrets(random_bytes).items():
        if name not in store.values:
            apply = _putting(store, name, value)
            plan.add("AWS", store.path(name), MISSING, f"a new secret, {HIDDEN}", apply)
    defaults = default_templates()
    for name, text in imported.items():
        held = store.values.get(name)
        if held == text:
            continue
        if held in (None, defaults.get(name)):
            before = MISSING if held is None else f"default text: {held}"
            plan.add("AWS", store.path(name), before, text, _putting(store, name, text))
        else:
            plan.notes.append(
                f"{store.path(name)} stays as it is: it is neither missing nor a default text."
            )
    missing = {
        name: text
        for name, text in defaults.items()
        if name not in store.values and name not in imported
    }
    if missing:
        what = f"{store.path('templates/…')}, {len(missing)} texts"

        def put_texts() -> None:
            for name, text in missing.items():
                store.put(name, text)

        plan.add("AWS", what, MISSING, "the default texts", put_texts)


def _putting(store: Store, name: str, value: str) -> Callable[[], None]:
    return lambda: store.put(name, value)
