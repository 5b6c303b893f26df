// An integration: a channel, an action, a signed inbound webhook. The same source serves every SDK.
import { createHmac, timingSafeEqual } from 'node:crypto'
import axios from 'axios'

const signature = (text) => createHmac('sha256', process.env.SECRET_SIGNING).update(text).digest()

export default (sdk) =>
  new sdk.Integration({
    register: async ({ ctx, webhookUrl }) => {
      if (ctx.configuration.refuse) throw new sdk.RuntimeError(`refused for ${webhookUrl}`)
    },
    unregister: async () => {},
    actions: {
      add: async ({ input, logger }) => {
        logger.forBot().info(`adds ${input.a} and ${input.b}`)
        if (input.a === 'x') throw new Error('no number')
        return { sum: input.a + input.b }
      },
    },
    channels: {
      channel: {
        messages: {
          text: async ({ payload, conversation, ctx }) => {
            const body = { conversation: conversation.tags.id, text: payload.text }
            await axios.post(ctx.configuration.outside, body, { headers: { 'x-from': ctx.integrationId } })
          },
        },
      },
    },
    createUser: async ({ tags, client }) => {
      const { user } = await client.getOrCreateUser({ tags })
      return { body: JSON.stringify({ user: { id: user.id } }), headers: {}, statusCode: 200 }
    },
    handler: async ({ req, client, ctx }) => {
      const given = Buffer.from(req.headers['x-signature'] ?? '', 'hex')
      const right = signature(req.body ?? '')
      if (given.length !== right.length || !timingSafeEqual(given, right)) {
        return { status: 401, body: 'bad signature', headers: { 'x-reason': 'signature' } }
      }
      const { text, who } = JSON.parse(req.body)
      const { conversation } = await client.getOrCreateConversation({ channel: 'channel', tags: { id: who } })
      const { user } = await client.getOrCreateUser({ tags: { id: who } })
      await client.createMessage({ conversationId: conversation.id, userId: user.id, type: 'text', tags: {}, payload: { text } })
      return { status: 202, body: `${req.method} ${req.path}?${req.query} for ${ctx.webhookId}` }
    },
  })
