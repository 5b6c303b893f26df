// An integration of the shape of WhatsApp, Messenger and Instagram: one webhook that all installations share,
// which the service verifies with a request that has no body, and a manual configuration with a webhook of
// its own.
import axios from 'axios'

const text = { type: 'object', properties: { text: { type: 'string' } } }

export const definition = {
  name: 'meta-shaped',
  version: '1.0.0',
  configuration: { schema: { type: 'object' }, identifier: { required: true } },
  configurations: {
    manual: {
      title: 'By hand',
      schema: {
        type: 'object',
        properties: { api: { type: 'string' }, token: { type: 'string' }, verifyToken: { type: 'string' } },
        required: ['api', 'token', 'verifyToken'],
        additionalProperties: false,
      },
    },
  },
  identifier: {
    extractScript: 'body = parse_json!(.body)\nif body.object == "page" { body.entry[0].id } else { null }',
    fallbackHandlerScript: `query = parse_query_string!(.query)
if query."hub.mode" == "subscribe" && query."hub.verify_token" == .secrets.VERIFY_TOKEN {
  { "status": 200, "body": query."hub.challenge" }
} else {
  { "status": 403, "body": "no verification" }
}`,
  },
  channels: { channel: { messages: { text: { schema: text } }, conversation: { tags: { id: {} } } } },
  user: { tags: { id: {} } },
  secrets: { VERIFY_TOKEN: 'tok' },
}

export default (sdk) =>
  new sdk.Integration({
    register: async () => {},
    unregister: async () => {},
    actions: {},
    channels: {
      channel: {
        messages: {
          text: async ({ payload, conversation, ctx }) => {
            const { api, token } = ctx.configuration
            const body = { recipient: { id: conversation.tags.id }, message: { text: payload.text }, mode: ctx.configurationType }
            await axios.post(`${api}/me/messages`, body, { headers: { authorization: `Bearer ${token}` } })
          },
        },
      },
    },
    handler: async ({ req, client, ctx }) => {
      if (req.method === 'GET') {
        const query = new URLSearchParams(req.query)
        const known = query.get('hub.verify_token') === ctx.configuration.verifyToken
        return known ? { status: 200, body: query.get('hub.challenge') } : { status: 403, body: 'wrong token' }
      }
      for (const { messaging } of JSON.parse(req.body).entry) {
        for (const { sender, message } of messaging) {
          const tags = { id: sender.id }
          const { conversation } = await client.getOrCreateConversation({ channel: 'channel', tags })
          const { user } = await client.getOrCreateUser({ tags })
          const payload = { text: message.text }
          await client.createMessage({ conversationId: conversation.id, userId: user.id, type: 'text', tags: {}, payload })
        }
      }
      return { status: 200, body: 'EVENT_RECEIVED' }
    },
  })
