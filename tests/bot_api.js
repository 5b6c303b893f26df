// Calls of the API by the code of a test's bot. `headers` are those of the request that the code answers.
const apiOf = (headers) => async (method, path, body) => {
  const answer = await fetch(process.env.BP_API_URL + path, {
    method,
    headers: {
      authorization: 'Bearer ' + process.env.BP_TOKEN,
      'x-bot-id': headers['x-bot-id'],
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  if (answer.status >= 400) throw new Error(await answer.text())
  return answer.json()
}

