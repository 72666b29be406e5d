"""What `doctor` finds at Twilio: P148 to P153."""

from __future__ import annotations

from ops.errors import Problem

TWILIO_ACCOUNT_REFUSED = Problem(
    "P148",
    "Twilio refuses the account.",
    "The account or its token is wrong, the account is suspended, or Twilio does not answer.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
TWILIO_TRIAL = Problem(
    "P149",
    "The account is a trial.",
    "Twilio sends to verified numbers only, with a line of its own in each text. An upgrade "
    "in its Console ends that.",
    "portaria explain P149",
)
SENDER_WRONG = Problem(
    "P150",
    "The sender can't send texts.",
    "The messaging service or number is another account's, has no sender, or its numbers have "
    "no SMS.",
    "portaria setup --stage {stage}",
)
COUNTRIES_NOT_PERMITTED = Problem(
    "P151",
    "Twilio does not send to countries that get codes.",
    "Messaging, Settings, Geo permissions in Twilio's Console names the countries; "
    "ALLOWED_COUNTRIES asks for more.",
    "portaria setup --stage {stage}",
)
TOKEN_NOT_PRIMARY = Problem(
    "P152",
    "Our token does not sign callbacks.",
    "Twilio signs receipts with the primary Auth Token alone, so each would be refused.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
MESSAGES_REDACTED = Problem(
    "P153",
    "RECONCILE is on, and Twilio hides messages.",
    "With Message Redaction a lost answer can't be looked up. Set RECONCILE=false in "
    ".chalice/config.json.",
    "portaria deploy --stage {stage}",
)
