"""What `doctor` finds at Logto: P136 to P147."""

from __future__ import annotations

from ops.errors import Problem

LOGTO_UNREACHABLE = Problem(
    "P136",
    "Logto does not answer as it should.",
    "LOGTO_ENDPOINT is not the tenant's address, or Logto is down.",
    "curl -i {endpoint}/oidc/.well-known/openid-configuration",
)
ISSUER_WRONG = Problem(
    "P137",
    "Logto's issuer is another one.",
    "Every ID token would be refused: LOGTO_ENDPOINT must be the address that Logto itself "
    "has, a custom domain included.",
    "portaria deploy --stage {stage}",
)
MANAGEMENT_REFUSED = Problem(
    "P138",
    "Logto refuses the Management API's credential.",
    "The machine-to-machine application is unknown, its secret or resource is wrong, or it "
    'lacks the role "Logto Management API access".',
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
APPLICATION_UNFIT = Problem(
    "P139",
    "Logto's application is missing or of another type.",
    "LOGTO_APP_ID must be that of a Traditional web application.",
    "portaria setup --stage {stage}",
)
URI_MISSING = Problem(
    "P140",
    "Logto lacks one of the application's URIs.",
    "Logto refuses sign-ins and sign-outs that lead to another address than those in its Console.",
    "portaria setup --stage {stage}",
)
BACK_CHANNEL_WRONG = Problem(
    "P141",
    "Logto does not tell us of sign-outs.",
    "Users who sign out elsewhere stay signed in here.",
    "portaria setup --stage {stage}",
)
APP_SECRET_WRONG = Problem(
    "P142",
    "The application's secret is wrong or expires.",
    "Logto would refuse to redeem sign-ins. Its Console shows the application's secrets.",
    "aws ssm put-parameter --overwrite --type SecureString --name {name} --value VALUE",
)
CONNECTOR_WRONG = Problem(
    "P143",
    "Logto does not send codes to us.",
    "A tenant has one SMS connector, which must be HTTP SMS with our address. Two stages need "
    "two tenants.",
    "portaria setup --stage {stage}",
)
CONNECTOR_SECRET_WRONG = Problem(
    "P144",
    "The connector's secret is another one.",
    "We refuse its calls, and nobody gets a code.",
    "portaria setup --stage {stage}",
)
LIFETIME_DIFFERS = Problem(
    "P145",
    "Logto and we disagree how long a code lives.",
    "Codes would be sent that are dead, or texts would say the wrong time. Change Logto's "
    "verificationCodePolicy or CODE_LIFETIME_SECONDS.",
    "portaria deploy --stage {stage}",
)
PHONE_NOT_OFFERED = Problem(
    "P146",
    "The sign-in experience does not offer the phone.",
    "Logto's Console has it under Sign-in experience, Sign-up and sign-in.",
    "portaria setup --stage {stage}",
)
DEAD_TABS = Problem(
    "P147",
    "A dead tab does not lead to the sign-in.",
    "Without unknownSessionRedirectUrl a visitor who reloads an old tab sees Logto's error page.",
    "portaria setup --stage {stage}",
)
