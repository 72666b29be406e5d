"""Logto's own tutorial for Flask, with what it takes to run it on Lambda."""

import io
import os
from urllib.parse import urlencode

from flask import Flask, redirect, request, session
from logto import LogtoClient, LogtoConfig, Storage

flask_app = Flask(__name__)
flask_app.secret_key = b"not a secret: it signs the cookies of a benchmark"


class SessionStorage(Storage):
    """Flask's session, as in the tutorial."""

    def get(self, key):
        return session.get(key)

    def set(self, key, value):
        session[key] = value

    def delete(self, key):
        session.pop(key, None)


client = LogtoClient(
    LogtoConfig(
        endpoint=os.environ.get("LOGTO_ENDPOINT", ""),
        appId=os.environ.get("LOGTO_APP_ID", ""),
        appSecret="portaria-secret",
    ),
    storage=SessionStorage(),
)


@flask_app.route("/")
async def home():
    if not client.isAuthenticated():
        return "Not authenticated <a href='/sign-in'>Sign in</a>"
    return "Signed in <a href='/sign-out'>Sign out</a>"


@flask_app.route("/sign-in")
async def sign_in():
    return redirect(await client.signIn(redirectUri=os.environ["PUBLIC_URL"] + "/callback"))


@flask_app.route("/callback")
async def callback():
    await client.handleSignInCallback(
        os.environ["PUBLIC_URL"] + "/callback?" + request.query_string.decode()
    )
    return redirect("/")


def app(event, context):
    """Answer API Gateway's event through WSGI."""
    query = event["multiValueQueryStringParameters"] or {}
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer.update(statusCode=int(status.split()[0]), headers=dict(headers))

    body = b"".join(
        flask_app(
            {
                "REQUEST_METHOD": event["httpMethod"],
                "PATH_INFO": event["path"],
                "QUERY_STRING": urlencode([(n, v) for n, vs in query.items() for v in vs]),
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "443",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "https",
                "wsgi.input": io.BytesIO(),
                "wsgi.errors": io.StringIO(),
                "wsgi.multithread": False,
                "wsgi.multiprocess": False,
                "wsgi.run_once": False,
                **{
                    "HTTP_" + name.upper().replace("-", "_"): value
                    for name, value in event["headers"].items()
                },
            },
            start_response,
        )
    )
    return answer | {
        "body": body.decode(),
        "multiValueHeaders": {"Set-Cookie": [answer["headers"].get("Set-Cookie", "")]},
    }
