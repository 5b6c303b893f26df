// An integration of the shape of LINE: a webhook for each installation, signed with the secret of the channel,
// which the service verifies with an empty list of events; answers go to a reply token.
import { createHmac, timingSafeEqual } from 'node:crypto'
import axios from 'axios'

const text = { type: 'object', properties: { text: { type: 'string' } } }
const properties = { api: { type: 'string' }, channelAccessToken: { type: 'string' }, channelSecret: { type: 'string' } }

export const definition = {
  name: 'line-shaped',
  version: '1.0.0',
  configuration: { schema: { type: 'object', properties, required: Object.keys(properties) } },
  channels: {
    channel: {
      messages: { text: { schema: text } },
      conversation: { tags: { usrId: {}, destId: {} } },
      message: { tags: { replyToken: {} } },
    },
  },
  user: { tags: { usrId: {} } },
}

export default (sdk) =>
  new sdk.Integration({
    register: async () => {},
    unregister: async () => {},
    actions: {},
    channels: {
      channel: {
        messages: {
          text: async ({ payload, conversation, ctx, client }) => {
            const { messages } = await client.listMessages({ conversationId: conversation.id })
            const replyToken = messages.find(({ tags }) => Object.values(tags).length)?.tags['line-shaped:replyToken']
            const headers = { authorization: `Bearer ${ctx.configuration.channelAccessToken}` }
            const body = { replyToken, messages: [{ type: 'text', text: payload.text }] }
            await axios.post(`${ctx.configuration.api}/v2/bot/message/reply`, body, { headers })
          },
        },
      },
    },
    handler: async ({ req, client, ctx }) => {
      const made = createHmac('sha256', ctx.configuration.channelSecret).update(req.body ?? '').digest()
      const given = Buffer.from(req.headers['x-line-signature'] ?? '', 'base64')
      if (given.length !== made.length || !timingSafeEqual(given, made)) return { status: 401, body: 'bad signature' }
      const { destination, events } = JSON.parse(req.body)
      for (const { source, message, replyToken } of events) {
        const tags = { usrId: source.userId, destId: destination }
        const { conversation } = await client.getOrCreateConversation({ channel: 'channel', tags })
        const { user } = await client.getOrCreateUser({ tags: { usrId: source.userId } })
        const payload = { text: message.text }
        await client.createMessage({ conversationId: conversation.id, userId: user.id, type: 'text', tags: { replyToken }, payload })
      }
    },
  })
