"""Connectors through Cohere's Python client, of whichever version this interpreter has."""

import os
from importlib.metadata import version

import cohere

URL = os.environ["PARLANCE_URL"]
KEY = os.environ["PARLANCE_KEY"]
CONNECTOR = os.environ["CONNECTOR_URL"]
TOKEN = os.environ["CONNECTOR_TOKEN"]

MISSING = "connector 'nothing-abc123' not found."
REFUSED = f"connector not reachable at {CONNECTOR}. error: request failed with status code 401"
OAUTH = {
    "client_id": "the-client",
    "client_secret": "the-client-secret",
    "authorize_url": "https://provider.example/authorize?access_type=offline",
    "token_url": "https://provider.example/token",
    "scope": "read",
}
SERVICE_AUTH = {"type": "bearer", "token": TOKEN}


def fails(with_error, status, message, call):
    """Asserts that a call fails with exactly this class, status and beginning of the message."""
    try:
        answer = call()
    except Exception as error:
        assert type(error) is with_error, repr(error)
        body = getattr(error, "body", None)
        code = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        said = body["message"] if body else error.message
        assert code == status, (code, said)
        assert said.startswith(message), said
        return
    raise AssertionError(f"{with_error.__name__} was expected, not {answer!r}")


def since_version_5():
    from cohere import errors

    # With the second, paths begin with /v1/v1: a mistake that everyone makes once.
    for suffix in ["", "/v1"]:
        client = cohere.Client(KEY, base_url=URL + suffix, client_name="client-tests")
        created = client.connectors.create(
            name="Penguin facts",
            url=CONNECTOR,
            description="About penguins",
            excludes=["tags"],
            service_auth=SERVICE_AUTH,
        ).connector
        assert created.id.startswith("penguin-facts-"), created.id
        assert (created.active, created.continue_on_failure) == (True, False)
        assert created.auth_type == "service_auth" and created.oauth is None
        assert created.created_at.tzinfo is not None
        got = client.connectors.get(created.id).connector
        assert got == created, (got, created)
        listed = client.connectors.list(limit=5, offset=0)
        assert [found.id for found in listed.connectors] == [created.id]
        assert listed.total_count == 1
        assert client.connectors.list(limit=1.0, offset=1.0).connectors == []
        updated = client.connectors.update(
            created.id, name="Renamed", active=False, continue_on_failure=True
        ).connector
        assert (updated.id, updated.name, updated.active) == (created.id, "Renamed", False)
        assert updated.continue_on_failure and updated.excludes == ["tags"]
        kept = client.connectors.update(created.id, name=None, url=None).connector
        assert kept.name == "Renamed"
        authorized = client.connectors.create(name="Drive", url=CONNECTOR, oauth=OAUTH).connector
        assert authorized.auth_type == "oauth"
        assert authorized.oauth.token_url == OAUTH["token_url"]
        assert authorized.auth_status is None
        address = client.connectors.o_auth_authorize(
            authorized.id, after_token_redirect="https://app.example/done"
        ).redirect_url
        assert address.startswith(OAUTH["authorize_url"] + "&response_type=code"), address
        fails(errors.BadRequestError, 400, REFUSED, lambda: client.connectors.create(name="x", url=CONNECTOR))
        fails(errors.BadRequestError, 400, "invalid request: name must not be empty",
              lambda: client.connectors.create(name="", url=CONNECTOR))
        fails(errors.BadRequestError, 400, "invalid request: oauth and service_auth",
              lambda: client.connectors.create(name="x", url=CONNECTOR, oauth=OAUTH, service_auth=SERVICE_AUTH))
        fails(errors.NotFoundError, 404, MISSING, lambda: client.connectors.get("nothing-abc123"))
        fails(errors.BadRequestError, 400, "invalid request: connector",
              lambda: client.connectors.o_auth_authorize(created.id))
        fails(errors.NotFoundError, 404, "POST /v1/tokenize is not part of this server",
              lambda: client.tokenize(text="hello", model="command", offline=False))
        stranger = cohere.Client("co_unknown", base_url=URL + suffix)
        fails(errors.UnauthorizedError, 401, "invalid api token", stranger.connectors.list)
        for found in (created, authorized):
            client.connectors.delete(found.id)
        fails(errors.NotFoundError, 404, "connector 'penguin-facts-", lambda: client.connectors.get(created.id))
        assert client.connectors.list().connectors == []


def version_4():
    from cohere.error import CohereAPIError

    client = cohere.Client(KEY, api_url=URL, client_name="client-tests")
    created = client.create_connector(
        name="Penguin facts", url=CONNECTOR, excludes=["tags"], service_auth=SERVICE_AUTH
    )
    assert created.id.startswith("penguin-facts-"), created.id
    assert created.active and created.service_auth.type == "bearer"
    assert client.get_connector(created.id).name == "Penguin facts"
    assert [found.id for found in client.list_connectors(limit=0, offset=0)] == [created.id]
    updated = client.update_connector(created.id, name="Renamed", active=False)
    assert (updated.id, updated.name, updated.active) == (created.id, "Renamed", False)
    authorized = client.create_connector(name="Drive", url=CONNECTOR, oauth=OAUTH)
    assert authorized.oauth.authorize_url == OAUTH["authorize_url"]
    assert [found.name for found in client.list_connectors()] == ["Drive", "Renamed"]
    address = client.oauth_authorize_connector(authorized.id, "https://app.example/done")
    assert OAUTH["authorize_url"] in address, address
    fails(CohereAPIError, 400, REFUSED, lambda: client.create_connector(name="x", url=CONNECTOR))
    fails(CohereAPIError, 404, MISSING, lambda: client.get_connector("nothing-abc123"))
    stranger = cohere.Client("co_unknown", api_url=URL)
    fails(CohereAPIError, 401, "invalid api token", stranger.list_connectors)
    assert client.check_api_key()["valid"]
    for found in (created, authorized):
        client.delete_connector(found.id)
    assert client.list_connectors() == []


VERSION = version("cohere")
if VERSION.startswith("4."):
    version_4()
else:
    since_version_5()
print(f"Cohere's Python client {VERSION}: connectors work")
