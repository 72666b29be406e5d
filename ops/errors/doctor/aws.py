"""What `doctor` finds at AWS: P116 to P135."""

from __future__ import annotations

from ops.errors import Problem

IDENTITY_UNKNOWN = Problem(
    "P116",
    "AWS does not know the credentials.",
    "They are missing, expired or wrong, or AWS can't be reached.",
    "aws sts get-caller-identity",
)
PERMISSIONS_LACKING = Problem(
    "P117",
    "The credentials lack permissions.",
    "Some checks could not be asked. docs/reference/command-line.md lists what doctor needs.",
    "aws sts get-caller-identity",
)
CLOCK_WRONG = Problem(
    "P118",
    "This machine's clock is wrong.",
    "AWS refuses requests and tokens are taken for expired when clocks differ.",
    "timedatectl set-ntp true",
)
QUOTA_SMALL = Problem(
    "P119",
    "The account runs too few functions at once.",
    "New accounts have a quota of 10 concurrent executions. AWS raises it on request.",
    "aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
    "L-B99A9384 --desired-value 1000",
)
RUNTIME_OLD = Problem(
    "P120",
    "The functions' Python reaches its end of life.",
    "AWS no longer patches a deprecated runtime. The functions get the Python that the "
    "package is made with.",
    "portaria deploy --stage {stage}",
)
TABLE_WRONG = Problem(
    "P121",
    "A table is missing or not as it should be.",
    "It was deleted or made by hand.",
    "portaria deploy --stage {stage}",
)
TTL_OFF = Problem(
    "P122",
    "A table's items don't expire.",
    "Old sessions and codes' outcomes would be kept, and paid for, for ever.",
    "aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification "
    "Enabled=true,AttributeName=expires_at",
)
INDEX_MISSING = Problem(
    "P123",
    "A table's index is missing or not as it should be.",
    "Sign-outs, receipts and traces are looked up in it.",
    "portaria deploy --stage {stage}",
)
BACKUPS_OFF = Problem(
    "P124",
    "A table can't be restored.",
    "Point-in-time recovery is off.",
    "aws dynamodb update-continuous-backups --table-name {name} "
    "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
)
QUEUE_MISSING = Problem(
    "P125",
    "A queue is missing.",
    "It was deleted, or its setting has another one's address.",
    "portaria deploy --stage {stage}",
)
REDRIVE_WRONG = Problem(
    "P126",
    "The redrive policy is missing or wrong.",
    "Messages that fail again and again would be tried until they are dropped, unseen.",
    "portaria deploy --stage {stage}",
)
VISIBILITY_SHORT = Problem(
    "P127",
    "The queue's visibility time-out is too short.",
    "AWS asks for six times the function's time-out: a message that appears again while it is "
    "worked on costs a second SMS.",
    "aws sqs set-queue-attributes --queue-url {url} --attributes VisibilityTimeout={seconds}",
)
RETENTION_SHORT = Problem(
    "P128",
    "The queue drops messages too soon.",
    "A code that waits for its retry would be lost.",
    "aws sqs set-queue-attributes --queue-url {url} --attributes MessageRetentionPeriod={seconds}",
)
QUEUE_IN_CLEAR = Problem(
    "P129",
    "A queue is not encrypted.",
    "Its messages have phone numbers in them.",
    "portaria deploy --stage {stage}",
)
DEAD_LETTERS = Problem(
    "P130",
    "Messages lie in the dead-letter queue.",
    "They could not be read, or the ledger was away for long. The next command lists them first, "
    "and asks before it puts them back or deletes them.",
    "portaria redrive --stage {stage}",
)
EVENT_SOURCE_WRONG = Problem(
    "P131",
    "The queue does not feed the worker.",
    "The event source is missing or disabled: codes wait until they are dead.",
    "aws lambda update-event-source-mapping --enabled --uuid {uuid}",
)
BATCHES_WRONG = Problem(
    "P132",
    "The worker's batches are not as they should be.",
    "Without partial responses one failed message has its whole batch repeated; a window "
    "makes visitors wait.",
    "portaria deploy --stage {stage}",
)
WORKER_LIMIT_WRONG = Problem(
    "P133",
    "The worker's concurrency is not the template's.",
    "The event source was changed by hand.",
    "portaria deploy --stage {stage}",
)
ALARM_RINGS = Problem(
    "P134",
    "An alarm is missing or rings.",
    "The runbook says under each alarm's name what it means and what to do.",
    "aws cloudwatch describe-alarms --state-value ALARM",
)
ALARMS_UNHEARD = Problem(
    "P135",
    "Nobody is told of alarms.",
    "The topic has no confirmed subscription.",
    "aws sns subscribe --protocol email --topic-arn {topic} --notification-endpoint "
    "YOU@example.com",
)
