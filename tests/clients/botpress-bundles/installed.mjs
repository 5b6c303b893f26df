// Bundles of a bot and an integration, deployed to a server through its API.
import { readFile } from 'node:fs/promises'
import { installation, post } from '../botpress-cli/lib/server.mjs'
import { bundle } from './bundle.mjs'

const SECRET = 'secret'
const schema = (properties) => ({ schema: { type: 'object', properties } })
const tags = { id: { title: 'Id', description: 'The id outside' } }

/** Deploys both with one SDK. Resolves to the bot's id and a way to write to it. */
export async function deploy(server, sdk, outside, directory) {
  const code = async (kind) => readFile(await bundle(kind, sdk, directory), 'utf8')
  const number = { type: 'number' }
  const { integration } = await server.call('POST', '/v1/admin/integrations', {
    name: 'relay',
    version: sdk,
    configuration: schema({ outside: { type: 'string' } }),
    channels: { channel: { messages: { text: schema({ text: { type: 'string' } }) }, conversation: { tags } } },
    user: { tags },
    actions: { add: { input: schema({ a: number, b: number }), output: schema({ sum: number }) } },
    secrets: { SIGNING: SECRET },
    code: await code('integration'),
  })
  const { bot } = await server.call('POST', '/v1/admin/bots', { name: `bot with SDK ${sdk}` })
  await server.call('PUT', `/v1/admin/bots/${bot.id}`, {
    code: await code('bot'),
    states: { sum: { type: 'conversation', ...schema({ of: number }) } },
    integrations: { [integration.id]: { enabled: true, configuration: { outside: outside.url } } },
  })
  const { webhookUrl } = await installation(server, bot.id)
  const as = { 'x-bot-id': bot.id }
  return {
    id: bot.id,
    write: (who, text) => post(webhookUrl, { who, text }, SECRET),
    call: (path) => server.call('GET', path, undefined, as),
    /** All messages of the conversation that is this one outside, the oldest first. */
    async messages(who) {
      const { conversations } = await server.call('GET', `/v1/chat/conversations?tags.relay%3Aid=${who}`, undefined, as)
      const found = []
      let next = ''
      do {
        const path = `/v1/chat/messages?conversationId=${conversations[0].id}&nextToken=${encodeURIComponent(next)}`
        const page = await server.call('GET', path, undefined, as)
        found.push(...page.messages)
        next = page.meta.nextToken
      } while (next)
      return found.reverse()
    },
  }
}
