// An integration of the shape of Telegram: `register` keeps the token in a state and sets the webhook at the
// service, and `unregister` reads the token there to delete the webhook.
import axios from 'axios'

const text = { type: 'object', properties: { text: { type: 'string' } } }
const token = { type: 'object', properties: { botToken: { type: 'string' } } }

export const definition = {
  name: 'telegram-shaped',
  version: '1.0.0',
  configuration: {
    schema: { type: 'object', properties: { api: { type: 'string' }, botToken: { type: 'string' } } },
  },
  states: { credentials: { type: 'integration', schema: token } },
  channels: { channel: { messages: { text: { schema: text } }, conversation: { tags: { id: {} } } } },
  user: { tags: { id: {} } },
}

const credentials = { type: 'integration', name: 'credentials' }

/** The token that was kept; that of the configuration if none is. */
async function botToken(client, ctx) {
  const kept = await client.getState({ ...credentials, id: ctx.integrationId }).catch((error) => {
    if (error.type === 'ResourceNotFound') return undefined
    throw error
  })
  return kept?.state.payload.botToken ?? ctx.configuration.botToken
}

const call = (ctx, token, method, body) => axios.post(`${ctx.configuration.api}/bot${token}/${method}`, body)

export default (sdk) =>
  new sdk.Integration({
    register: async ({ ctx, client, webhookUrl }) => {
      const token = await botToken(client, ctx)
      await call(ctx, token, 'setWebhook', { url: webhookUrl })
      await client.setState({ ...credentials, id: ctx.integrationId, payload: { botToken: token } })
    },
    unregister: async ({ ctx, client }) => {
      const { state } = await client.getState({ ...credentials, id: ctx.integrationId })
      await call(ctx, state.payload.botToken, 'deleteWebhook', {})
    },
    actions: {},
    channels: {
      channel: {
        messages: {
          text: async ({ payload, conversation, ctx, client }) => {
            const body = { chat_id: conversation.tags.id, text: payload.text }
            await call(ctx, await botToken(client, ctx), 'sendMessage', body)
          },
        },
      },
    },
    handler: async ({ req, client }) => {
      const { message } = JSON.parse(req.body)
      if (!message) return
      const { conversation } = await client.getOrCreateConversation({ channel: 'channel', tags: { id: `${message.chat.id}` } })
      const { user } = await client.getOrCreateUser({ tags: { id: `${message.from.id}` } })
      const payload = { text: message.text }
      await client.createMessage({ conversationId: conversation.id, userId: user.id, type: 'text', tags: {}, payload })
    },
  })
