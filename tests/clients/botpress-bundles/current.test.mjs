// A bot and an integration of today (SDK 7 with client 1.45.0), deployed as the current command line does it: by alias,
// with a named configuration, beside the chat 1.0. A user talks with the bot over a WebSocket.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startServer, until } from '../botpress-cli/lib/server.mjs'
import { bundle, sdks } from './bundle.mjs'

const directory = mkdtempSync(join(tmpdir(), 'bundles-current-'))
after(() => rmSync(directory, { recursive: true }))

const SDK = sdks.at(-1)
const schema = (properties, required = []) => ({ schema: { type: 'object', properties, required } })
const text = { type: 'string' }

/** A service whose answer comes in parts that end within letters and lines. */
async function startService() {
  const all = Buffer.from('{"word":"grüß"}\n{"word":"Gott"}\n')
  const service = createServer(async (request, response) => {
    for (const [from, to] of [[0, 12], [12, 20], [20, all.length]]) {
      response.write(all.subarray(from, to))
      await new Promise((done) => setTimeout(done, 10))
    }
    response.end()
  })
  await new Promise((listening) => service.listen(0, '127.0.0.1', listening))
  return { url: `http://127.0.0.1:${service.address().port}/words`, stop: () => service.close() }
}

async function deploy(server) {
  const as = { 'x-multiple-integrations': 'true' }
  const code = async (kind) => readFile(await bundle(kind, SDK, directory), 'utf8')
  const { integration } = await server.call('POST', '/v1/admin/integrations', {
    name: 'words',
    version: '1.0.0',
    configuration: schema({}),
    configurations: { manual: { title: 'By hand', description: 'With a token', ...schema({ token: text }, ['token']) } },
    actions: { look: { input: schema({ url: text }), output: schema({ lines: { type: 'array' }, alias: text, type: text }) } },
    code: await code('current-integration'),
  })
  const { integration: chat } = await server.call('GET', '/v1/admin/hub/integrations/chat/%3E%3D1.0.0%20%3C2.0.0')
  const { bot } = await server.call('POST', '/v1/admin/bots', {})
  const body = (token) => ({
    code: undefined,
    integrations: {
      words: { integrationId: integration.id, enabled: true, configurationType: 'manual', configuration: { token } },
      chat: { integrationId: chat.id, enabled: true, configurationType: null, configuration: {} },
    },
  })
  const change = (wanted) => server.call('PUT', `/v1/admin/bots/${bot.id}`, wanted, as)
  const installed = async () => {
    const { bot: found } = await server.call('GET', `/v1/admin/bots/${bot.id}`, undefined, as)
    return found.integrations.words
  }
  await change(body('wrong'))
  await until('a refused registration', async () => (await installed()).status === 'registration_failed')
  assert.match((await installed()).statusReason, /the token is wrong/)
  const wanted = { ...body('right'), code: await code('current-bot') }
  await change(wanted)
  await until('a registration', async () => (await installed()).status === 'registered')
  // The second deployment keeps what there is; it registers anew.
  const before = await installed()
  const { bot: again } = await change(wanted)
  await until('a registration', async () => (await installed()).status === 'registered')
  const { configuration, configurationType, webhookId } = await installed()
  assert.deepEqual([configuration, configurationType, webhookId], [{ token: 'right' }, 'manual', before.webhookId])
  return { id: bot.id, apiUrl: again.integrations.chat.webhookUrl, version: again.integrations.chat.version }
}

/** Talks with the bot as a client of the chat: what it hears after a message, up to the bot's own. */
async function talk(bot, said) {
  const post = async (path, key, body) => {
    const headers = { 'content-type': 'application/json', ...(key && { 'x-user-key': key }) }
    const answer = await fetch(bot.apiUrl + path, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 201, path)
    return answer.json()
  }
  const { key } = await post('/users', undefined, {})
  const { conversation } = await post('/conversations', key, {})
  const address = bot.apiUrl.replace(/^http/, 'ws')
  const socket = new WebSocket(`${address}/conversations/${conversation.id}/listen?x-user-key=${key}`)
  const heard = []
  const answered = new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('the WebSocket is refused'))
    socket.onmessage = ({ data }) => {
      if (data === 'ping') return
      heard.push(JSON.parse(data))
      if (heard.at(-1).data.isBot) resolve(heard)
    }
  })
  await Promise.race([answered, new Promise((opened) => (socket.onopen = opened))])
  await post('/messages', key, { conversationId: conversation.id, payload: { type: 'text', text: said } })
  await answered
  socket.close()
  return heard
}

for (const engine of ['embedded', 'node']) {
  test(`SDK ${SDK}, ${engine}: deployed twice and talked with`, { timeout: 30_000 }, async () => {
    const service = await startService()
    const server = await startServer({ PARLANCE_RUNTIME__ENGINE: engine })
    try {
      const bot = await deploy(server)
      assert.equal(bot.version, '1.0.0')
      const heard = await talk(bot, ` ${service.url} `)
      const said = 'grüß Gott (words, manual)'
      assert.deepEqual(heard.map(({ type }) => type), [
        'message_created', 'message_stream_delta', 'message_stream_complete', 'message_created',
      ])
      assert.equal(heard[1].data.delta, said)
      assert.equal(heard[3].data.payload.text, said)
      assert.deepEqual(heard[3].data.metadata, { streamId: 's1', hooked: true })
      const { issues } = await server.call('GET', `/v1/admin/bots/${bot.id}/issues`)
      // Only the token that was wrong at first.
      assert.deepEqual(issues.map(({ title }) => title), ['register failed in the integration words'])
    } finally {
      await server.stop()
      service.stop()
    }
  })
}
