// A bot: it answers messages, and notes the events that it hears of. The same source serves every SDK.
export default (sdk) => {
  const bot = new sdk.Bot({ integrations: {}, actions: {}, plugins: {} })
  const onMessage = async ({ message, conversation, client, ctx }) => {
    if (message.payload.text === 'throw') throw new Error('the bot threw')
    if (message.payload.text === 'runtime error') throw new sdk.RuntimeError('the bot said no')
    const add = /^add (\d+) (\d+)$/.exec(message.payload.text)
    if (add) {
      const [a, b] = add.slice(1).map(Number)
      const { output } = await client.callAction({ type: 'relay:add', input: { a, b } })
      await client.setState({ type: 'conversation', id: conversation.id, name: 'sum', payload: { of: output.sum } })
      const payload = { text: `${a} + ${b} = ${output.sum}` }
      await client.createMessage({ conversationId: conversation.id, userId: ctx.botId, type: 'text', tags: {}, payload })
      return
    }
    const { conversation: found } = await client.getConversation({ id: conversation.id })
    console.info(`answers in ${found.id}`)
    await client.createMessage({
      conversationId: conversation.id,
      userId: ctx.botId,
      type: 'text',
      tags: {},
      payload: { text: `you said: ${message.payload.text} (${process.env.GREETING})` },
    })
  }
  const onEvent = async ({ event, client, ctx }) => {
    await client.setState({ type: 'bot', id: ctx.botId, name: 'seen', payload: { of: event.type } })
  }
  if (bot.on?.message) {
    bot.on.message('*', onMessage)
    bot.on.event('*', onEvent)
  } else {
    bot.message(onMessage)
    bot.event(onEvent)
  }
  return bot
}
