"""Logto's Management API, as the operator's command line needs it.

    logto = client.Logto("https://tenant.logto.app", resources.Credential.from_json(parameter))
    application = logto.create_application("portaria", uris)
    logto.update_application(application.id, application.metadata | {"redirectUris": [...]})

The credential is that of a machine-to-machine application with the role "Logto Management API
access", the parameter `logto/management`. Every method is one request (`applications` one a page)
and raises `ops.http_api.ApiError`. What is sent and answered was measured:
docs/explanation/logto.md.

Three things to know before changing anything:

- PATCH replaces an application's `metadata` and a connector's `config` whole: send what was there
  with your changes in it.
- `create_connector` silently deletes the SMS connector that was there, whatever its kind: show and
  keep its `config` first.
- The sign-in experience can name the phone only once there is an SMS connector (400
  `sign_in_experiences.enabled_connector_not_found`).
"""
