"""Deleting what is kept of a number, as far as it protects nobody any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.table import WRITE_ID, key
from ops.dead_letters import DeadLetterQueue
from ops.doctor.context import Context, NotAsked
from ops.holdings import is_for
from ops.http_api import ApiError
from ops.sessions import end_all

if TYPE_CHECKING:
    from ops.holdings import Holdings, Item
    from ops.stage import Stage

_GONE = "20404"  # Twilio's code for a message that does not exist


@dataclass(frozen=True, slots=True)
class Done:
    """How many of each kind are deleted, or are to be; sessions are ended."""

    codes: int
    newest_codes: int
    limits: int
    dead_letters: int
    messages_at_twilio: int
    sessions: int


class Forgetting:
    """What is to be deleted of what was `found` of a number in E.164, and what has to stay."""

    def __init__(self, stage: Stage, number: str, found: Holdings) -> None:
        self.stage, self.number, self.found = stage, number, found
        self._now = stage.portaria.clock()
        self._context = Context(stage)

    @property
    def staying(self) -> dict[str, list[Item]]:
        """The items that are still needed, by their kind; an entry for each message that has one.

        A message at Twilio is deleted with its code's entry, which has the message's name.
        """
        now = self._now
        needed = {
            name: [each for each in items if each.needed_until > now]
            for name, items in self._kinds.items()
        }
        messages = [each for each in needed["codes"] for _sid in each.message_sids]
        return {**needed, "messages_at_twilio": messages}

    @property
    def stays_until(self) -> float | None:
        """When nothing is needed any more; None where nothing is needed now."""
        until = [each.needed_until for items in self.staying.values() for each in items]
        return max(until, default=None)

    @property
    def planned(self) -> Done:
        """What there is to delete."""
        return Done(
            **{name: len(items) for name, items in self._unneeded.items()},
            dead_letters=len(self.found.dead_letters),
            messages_at_twilio=sum(len(each.message_sids) for each in self._unneeded["codes"]),
            sessions=sum(len(each.sessions) for each in self.found.accounts or ()),
        )

    def carry_out(self) -> tuple[Done, list[str]]:
        """Delete; return how much, and what could not be deleted.

        A code's entry stays where its message could not be deleted at Twilio: it has the message's
        name. Raises OperatorError and the errors of the tables and the queue; run again, it does
        the rest.
        """
        users = [each.user for each in self.found.accounts or ()]
        sessions = sum(
            end_all(self.stage.portaria, user, self.stage.name).sessions for user in users
        )
        dead_letters = self._delete_dead_letters()
        failures: list[str] = []
        deleted = dict.fromkeys(self._unneeded, 0)
        messages = 0
        for name, items in self._unneeded.items():
            for item in items:
                refused = [why for sid in item.message_sids if (why := self._delete_message(sid))]
                messages += len(item.message_sids) - len(refused)
                failures += refused
                if refused:
                    continue
                if self._delete(item):
                    deleted[name] += 1
                else:
                    failures.append(f"an item of {name}, which has just changed")
        done = Done(
            **deleted, dead_letters=dead_letters, messages_at_twilio=messages, sessions=sessions
        )
        return done, failures

    @property
    def _kinds(self) -> dict[str, tuple[Item, ...]]:
        found = self.found
        return {
            "codes": found.codes,
            "newest_codes": found.newest_codes,
            "limits": found.limits,
        }

    @property
    def _unneeded(self) -> dict[str, list[Item]]:
        return {
            name: [each for each in items if each.needed_until <= self._now]
            for name, items in self._kinds.items()
        }

    def _delete_dead_letters(self) -> int:
        queue = DeadLetterQueue.of(self.stage)
        with queue.taken() as letters:
            theirs = [each for each in letters if is_for(each, self.number)]
            for letter in theirs:
                queue.delete(letter)
        return len(theirs)

    def _delete_message(self, sid: str) -> str | None:
        """Delete a message at Twilio; return why it could not be."""
        try:
            self._context.twilio.delete_message(sid)
        except NotAsked as error:
            return f"message {sid} at Twilio ({error})"
        except ApiError as error:
            return None if error.code == _GONE else f"message {sid} at Twilio ({error.code})"
        return None

    def _delete(self, item: Item) -> bool:
        """Delete an item as it was read; False where somebody has written to it since."""
        table = self.stage.portaria.ledger.table
        with table.errors():
            try:
                table.client.delete_item(
                    TableName=table.name,
                    Key=key(item.id),
                    # Gone counts as deleted: boto3 repeats a call whose answer was lost.
                    ConditionExpression=f"attribute_not_exists(id) OR {WRITE_ID} = :read",
                    ExpressionAttributeValues={":read": {"S": item.content[WRITE_ID]}},
                )
            except table.client.exceptions.ConditionalCheckFailedException:
                return False
        return True
