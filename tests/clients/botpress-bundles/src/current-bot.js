// A bot of today (SDK 7): hooks, an action of an integration under an alias, and a message stream of the chat.
export default (sdk) => {
  const bot = new sdk.Bot({ actions: {}, plugins: {} })
  bot.on.beforeIncomingMessage('*', async ({ data }) => {
    return { data: { ...data, payload: { ...data.payload, text: data.payload.text.trim() } } }
  })
  bot.on.beforeOutgoingMessage('*', async ({ data }) => {
    return { data: { ...data, payload: { ...data.payload, metadata: { streamId: 's1', hooked: true } } } }
  })
  bot.on.message('*', async ({ message, conversation, client, ctx }) => {
    const text = message.payload.text
    if (text === 'refuse') throw new sdk.RuntimeError('the bot said no')
    const { output } = await client.callAction({ type: 'words:look', input: { url: text } })
    const said = `${output.lines.map(({ word }) => word).join(' ')} (${output.alias}, ${output.type})`
    const signal = { type: 'delta', streamId: 's1', createdAt: new Date().toISOString(), sequence: 0, delta: said }
    await client.callAction({ type: 'chat:publishMessageStream', input: { conversationId: conversation.id, signal } })
    await client.createMessage({ conversationId: conversation.id, userId: ctx.botId, type: 'text', tags: {}, payload: { text: said } })
  })
  return bot
}
