"""LangChain's ChatCohere with connectors and documents. It reads the counts of tokens of every answer."""

import os

from langchain_cohere import ChatCohere, CohereRagRetriever
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate

URL = os.environ["PARLANCE_URL"]
MESSAGE = "Which of the penguins is the fastest swimmer?"
ANSWER = "The gentoo penguin is the fastest swimmer."
# Python's splitlines splits at each of these: where they came as they are, whole events were lost.
TEA = "Tea in this house is:\u2028hot\u2029strong\u0085and green 🍵."
SAID = "Tea in this house is:\u2028hot"
DOCUMENTS = [
    Document(page_content=TEA, metadata={"id": "tea"}),
    Document(page_content="The door is red."),
]


def is_counted(answer):
    counts = answer.usage_metadata
    assert counts["input_tokens"] > 0 and counts["output_tokens"] > 0, counts
    assert counts["total_tokens"] == counts["input_tokens"] + counts["output_tokens"]


def streamed(model, message, **uses):
    chunks = list(model.stream(message, **uses))
    text = "".join(chunk.content for chunk in chunks)
    assert chunks[-1].additional_kwargs["token_count"]["output_tokens"] > 0
    return text, chunks[-1].additional_kwargs


def main():
    model = ChatCohere(
        cohere_api_key=os.environ["PARLANCE_KEY"], base_url=URL, model="command-r-plus", temperature=0
    )
    connector = model.client.connectors.create(
        name="Penguin facts",
        url=os.environ["CONNECTOR_URL"],
        service_auth={"type": "bearer", "token": os.environ["CONNECTOR_TOKEN"]},
    ).connector.id
    uses = [{"id": connector}]

    is_counted(model.invoke("Hello there"))
    whole = model.invoke(MESSAGE, connectors=uses)
    is_counted(whole)
    assert ANSWER in whole.content, whole.content
    told = whole.additional_kwargs
    assert told["is_search_required"] and told["citations"] and told["documents"]
    text, last = streamed(model, MESSAGE, connectors=uses)
    assert text == whole.content and last["citations"]

    question = "How is tea?"
    tea = model.invoke(question, documents=DOCUMENTS)
    is_counted(tea)
    assert tea.content == SAID, tea.content
    assert tea.additional_kwargs["documents"][0]["text"] == TEA
    assert tea.additional_kwargs["citations"][0].document_ids == ["tea"]
    text, last = streamed(model, question, documents=DOCUMENTS)
    assert text == SAID and last["documents"][0]["text"] == TEA, (text, last)

    history = [
        SystemMessage("Be brief."),
        HumanMessage("Hello"),
        AIMessage("Good day!"),
        HumanMessage(MESSAGE),
    ]
    is_counted(model.invoke(history, connectors=uses))
    chain = ChatPromptTemplate.from_template("{question}") | model.bind(connectors=uses)
    assert ANSWER in chain.invoke({"question": MESSAGE}).content
    found = CohereRagRetriever(llm=model, connectors=uses).invoke(MESSAGE)
    assert any(ANSWER in document.page_content for document in found), found
    print("LangChain's ChatCohere: connectors and documents, whole and streamed")


main()
