"""Chat through Cohere's Python client, of whichever version this interpreter has."""

import os
from importlib.metadata import version

import cohere

URL = os.environ["PARLANCE_URL"]
KEY = os.environ["PARLANCE_KEY"]
CONNECTOR = os.environ["CONNECTOR_URL"]
TOKEN = os.environ["CONNECTOR_TOKEN"]

MESSAGE = "Which of the penguins is the fastest swimmer?"
ANSWER = "The gentoo penguin is the fastest swimmer."
SERVICE_AUTH = {"type": "bearer", "token": TOKEN}
DOCUMENTS = [{"title": "Tea 🍵", "snippet": "お茶は熱い。 Tea is hot 🍵 and green."}]
ORDER = [
    "stream-start",
    "search-queries-generation",
    "search-results",
    "text-generation",
    "citation-generation",
    "stream-end",
]


def each_once(names):
    return [name for index, name in enumerate(names) if name not in names[:index]]


def value(item, name):
    """A member of what version 4 has as a dictionary, and later ones as an object."""
    return item[name] if isinstance(item, dict) else getattr(item, name)


def is_grounded(answer, connector):
    assert ANSWER in answer.text, answer.text
    assert answer.is_search_required is True
    assert [value(query, "text") for query in answer.search_queries] == [MESSAGE]
    result = answer.search_results[0]
    assert value(value(result, "connector"), "id") == connector
    assert f"{connector}_0" in value(result, "document_ids")
    known = [document["id"] for document in answer.documents]
    assert known and answer.citations
    for citation in answer.citations:
        part = answer.text[value(citation, "start") : value(citation, "end")]
        assert part == value(citation, "text"), (part, citation)
        assert set(value(citation, "document_ids")) <= set(known)


def counts_code_points(answer):
    assert answer.citations
    for citation in answer.citations:
        assert answer.text[value(citation, "start") : value(citation, "end")] == value(citation, "text")


def since_version_5():
    from cohere import errors

    client = cohere.Client(KEY, base_url=URL)
    connector = client.connectors.create(
        name="Penguin facts", url=CONNECTOR, service_auth=SERVICE_AUTH
    ).connector.id
    uses = [{"id": connector}]
    whole = client.chat(message=MESSAGE, connectors=uses)
    is_grounded(whole, connector)
    assert whole.finish_reason == "COMPLETE"
    assert whole.meta.warnings and "extractive" in whole.meta.warnings[0]
    assert [turn.role for turn in whole.chat_history] == ["USER", "CHATBOT"]

    events = list(client.chat_stream(message=MESSAGE, connectors=uses))
    assert each_once([event.event_type for event in events]) == ORDER
    text = "".join(event.text for event in events if event.event_type == "text-generation")
    assert text == whole.text == events[-1].response.text
    is_grounded(events[-1].response, connector)

    counts_code_points(client.chat(message="Is tea hot?", documents=DOCUMENTS))
    queries = client.chat(message=MESSAGE, connectors=uses, search_queries_only=True)
    assert queries.text == "" and queries.search_queries[0].text == MESSAGE
    first = client.chat(message=MESSAGE, connectors=uses, conversation_id="penguins")
    second = client.chat(message="Thanks!", conversation_id="penguins")
    assert second.chat_history[1].message == first.text

    wrong = {"id": connector, "user_access_token": "wrong"}
    try:
        client.chat(message=MESSAGE, connectors=[wrong])
        raise AssertionError("it succeeded")
    except errors.BadRequestError as error:
        said = f"connector {connector} failed with message 'request failed with status code 401"
        assert said in error.body["message"], error.body
    events = list(client.chat_stream(message=MESSAGE, connectors=[wrong]))
    assert events[-1].finish_reason == "ERROR"
    goes_on = client.chat(message=MESSAGE, connectors=[{**wrong, "continue_on_failure": True}])
    assert "401" in goes_on.search_results[0].error_message
    try:
        client.chat(message=MESSAGE, connectors=[{"id": "nothing-abc123"}])
        raise AssertionError("it succeeded")
    except errors.NotFoundError as error:
        assert error.body["message"] == "connector 'nothing-abc123' not found."
    client.connectors.delete(connector)


def version_4():
    client = cohere.Client(KEY, api_url=URL)
    connector = client.create_connector(
        name="Penguin facts", url=CONNECTOR, service_auth=SERVICE_AUTH
    ).id
    whole = client.chat(MESSAGE, connectors=[{"id": connector}])
    is_grounded(whole, connector)
    events = list(client.chat(MESSAGE, connectors=[{"id": connector}], stream=True))
    assert each_once([event.event_type for event in events]) == ORDER
    text = "".join(event.text for event in events if event.event_type == "text-generation")
    assert text == whole.text
    counts_code_points(client.chat("Is tea hot?", documents=DOCUMENTS))
    try:
        client.chat(MESSAGE, connectors=[{"id": "nothing-abc123"}])
        raise AssertionError("it succeeded")
    except cohere.CohereAPIError as error:
        assert error.http_status == 404, error
    client.delete_connector(connector)


if version("cohere").startswith("4."):
    version_4()
else:
    since_version_5()
print(f"chat: cohere {version('cohere')} for Python")
