// Answers each message with what the relay shouts, and counts what it has heard in a conversation.
import { z } from '@botpress/sdk'
import * as bp from '.botpress'

const bot = new bp.Bot({
  integrations: {
    relay: new bp.relay.Relay({ enabled: true, config: { outside: process.env.OUTSIDE ?? '' } }),
  },
  states: {
    heard: { type: 'conversation', schema: z.object({ count: z.number() }) },
  },
  events: {},
  recurringEvents: {},
})

bot.message(async ({ message, conversation, client, ctx }) => {
  const key = { type: 'conversation', id: conversation.id, name: 'heard' } as const
  const before = await client.getState(key).then(
    ({ state }) => state.payload.count,
    () => 0
  )
  const count = before + 1
  await client.setState({ ...key, payload: { count } })
  const { output } = await client.callAction({ type: 'relay:shout', input: { text: message.payload.text } })
  console.info(`heard ${count} in ${conversation.id}`)
  await client.createMessage({
    conversationId: conversation.id,
    userId: ctx.botId,
    type: 'text',
    tags: {},
    payload: { text: `${count}: ${output.text}` },
  })
})

export default bot
