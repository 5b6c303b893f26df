// Signed webhooks become messages; messages of the bot are posted outside.
import { createHmac } from 'node:crypto'
import * as sdk from '@botpress/sdk'
import axios from 'axios'
import * as bp from '.botpress'

// Live reload in the test of `bp dev` changes this.
const MARK = '!'

const incoming = sdk.z.object({ conversation: sdk.z.string(), user: sdk.z.string(), text: sdk.z.string() })

export default new bp.Integration({
  register: async ({ ctx, webhookUrl, logger }) => {
    if (!ctx.configuration.outside) throw new sdk.RuntimeError('There is no address outside')
    logger.forBot().info(`registered at ${webhookUrl}`)
  },
  unregister: async () => {},
  actions: {
    shout: async ({ input, logger }) => {
      logger.forBot().info(`shouts ${input.text}`)
      if (input.text === 'refuse') throw new sdk.RuntimeError('The relay does not shout this')
      return { text: `${input.text.toUpperCase()}${MARK}` }
    },
  },
  channels: {
    channel: {
      messages: {
        text: async ({ ctx, payload, conversation, message, ack }) => {
          const { data } = await axios.post(ctx.configuration.outside, {
            conversation: conversation.tags.id,
            text: payload.text,
            message: message.id,
          })
          await ack({ tags: { id: String(data.id) } })
        },
      },
    },
  },
  handler: async ({ req, client }) => {
    const signature = createHmac('sha256', bp.secrets.SIGNING).update(req.body ?? '').digest('hex')
    if (req.headers['x-signature'] !== signature) {
      return { status: 401, headers: { 'x-reason': 'signature' }, body: 'The signature is wrong' }
    }
    const given = incoming.parse(JSON.parse(req.body ?? ''))
    const { conversation } = await client.getOrCreateConversation({
      channel: 'channel',
      tags: { id: given.conversation },
    })
    const { user } = await client.getOrCreateUser({ tags: { id: given.user } })
    const { message } = await client.createMessage({
      type: 'text',
      conversationId: conversation.id,
      userId: user.id,
      payload: { text: given.text },
      tags: {},
    })
    return { status: 202, body: JSON.stringify({ message: message.id, path: req.path, query: req.query }) }
  },
})
