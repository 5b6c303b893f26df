// An integration of today (SDK 7): named configurations, an action that names what it runs as, and a request with a
// timeout whose response is read as a stream.
export default (sdk) =>
  new sdk.Integration({
    register: async ({ ctx }) => {
      if (ctx.configurationType !== 'manual') throw new sdk.RuntimeError(`no token with ${ctx.configurationType}`)
      if (ctx.configuration.token !== 'right') throw new sdk.RuntimeError('the token is wrong')
    },
    unregister: async () => {},
    actions: {
      look: async ({ ctx, input, metadata }) => {
        metadata.setCost(1)
        const answer = await fetch(input.url, { signal: AbortSignal.timeout(20_000) })
        const lines = []
        for await (const line of linesOf(answer.body)) lines.push(JSON.parse(line))
        return { lines, alias: ctx.integrationAlias, type: ctx.configurationType }
      },
    },
    channels: {},
    handler: async () => {},
  })

async function* linesOf(body) {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const parts = rest.split('\n')
    rest = parts.pop()
    yield* parts
  }
}
