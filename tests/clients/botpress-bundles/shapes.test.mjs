// Integrations of the shapes of four public ones, written for these tests, each against a double of its
// service: what such services send, and what the integrations need of the server to answer.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startServer, until } from '../botpress-cli/lib/server.mjs'
import { bundle } from './bundle.mjs'

const SDK = '5.4.3'
const directory = mkdtempSync(join(tmpdir(), 'shapes-'))
let server, service

before(async () => {
  service = await startService()
  server = await startServer()
})
after(async () => {
  await server.stop()
  service.stop()
  rmSync(directory, { recursive: true })
})

/** The service outside: it keeps the requests that it gets, and gives tokens for codes. */
async function startService() {
  const asked = []
  const listener = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { pathname, searchParams } = new URL(request.url, 'http://service')
    if (pathname.endsWith('/oauth/v2/authorize')) {
      const back = `${searchParams.get('redirect_uri')}?code=c-1&state=${searchParams.get('state')}`
      response.writeHead(302, { location: back }).end()
      return
    }
    const text = Buffer.concat(chunks).toString()
    asked.push({ path: pathname, body: text && JSON.parse(text), authorization: request.headers.authorization })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ok: true, access_token: 'xoxb-1', team: { id: 'T1' } }))
  })
  await new Promise((listening) => listener.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** The first request with this path, once there is one; it is given once. */
    async got(path) {
      const at = () => asked.findIndex((one) => one.path === path)
      await until(`request to ${path}; there were ${JSON.stringify(asked)}`, () => at() >= 0)
      return asked.splice(at(), 1)[0]
    },
    asked,
    stop() {
      listener.close()
      listener.closeAllConnections()
    },
  }
}

/** Deploys an integration of a shape, and a bot that answers through it. */
async function deploy(shape, installation) {
  const { definition } = await import(`./src/shapes/${shape}.js`)
  const code = async (kind) => readFileSync(await bundle(kind, SDK, directory), 'utf8')
  const body = { ...definition, code: await code(`shapes/${shape}`) }
  const { integration } = await server.call('POST', '/v1/admin/integrations', body)
  const { bot } = await server.call('POST', '/v1/admin/bots', { code: await code('bot'), name: shape })
  const path = `/v1/admin/bots/${bot.id}`
  const change = async (given) => {
    const { bot } = await server.call('PUT', path, { integrations: { [shape]: given } })
    return bot.integrations[shape]
  }
  const installed = await change({ integrationId: integration.id, enabled: true, ...installation })
  return {
    ...installed,
    shared: `${server.url}/webhook/integration/global/${definition.name}`,
    change,
    delete: () => server.call('DELETE', path),
    find: async () => (await server.call('GET', path)).bot.integrations[shape],
    registered() {
      return until('registration', async () => (await this.find()).status === 'registered')
    },
  }
}

const post = (url, body, headers = {}) => fetch(url, { method: 'POST', body, headers })

describe('Meta', { timeout: 60_000 }, () => {
  let installed
  const configuration = () => ({ api: `${service.url}/meta`, token: 't-1', verifyToken: 'own' })
  before(async () => {
    installed = await deploy('meta', { configurationType: 'manual', configuration: configuration() })
    await installed.registered()
  })

  test('the webhook that all share is verified without a body', async () => {
    const query = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token='
    const good = await fetch(`${installed.shared}?${query}tok`)
    assert.deepEqual([good.status, await good.text()], [200, '1158201444'])
    const bad = await fetch(`${installed.shared}?${query}other`)
    assert.equal(bad.status, 403)
    const times = `timeStart=2020-01-01T00:00:00Z&timeEnd=2099-01-01T00:00:00Z`
    const { logs } = await server.call('GET', `/v1/admin/integrations/${installed.id}/logs?${times}`)
    assert.match(logs[0].message, /extract script found no identifier in a GET request/)
  })

  test('a manual configuration has a webhook of its own, and messages go both ways', async () => {
    assert.equal(installed.configurationType, 'manual')
    const query = 'hub.mode=subscribe&hub.challenge=7&hub.verify_token=own'
    const verified = await fetch(`${installed.webhookUrl}?${query}`)
    assert.deepEqual([verified.status, await verified.text()], [200, '7'])
    const entry = [{ id: 'page-1', messaging: [{ sender: { id: 'psid-1' }, message: { text: 'hi' } }] }]
    const taken = await post(installed.webhookUrl, JSON.stringify({ object: 'page', entry }))
    assert.deepEqual([taken.status, await taken.text()], [200, 'EVENT_RECEIVED'])
    const { body, authorization } = await service.got('/meta/me/messages')
    assert.equal(authorization, 'Bearer t-1')
    assert.deepEqual(body, { recipient: { id: 'psid-1' }, message: { text: 'you said: hi (undefined)' }, mode: 'manual' })
  })

  test('a configuration keeps to the schema of its type', async () => {
    const refused = (given, type) => assert.rejects(installed.change(given), new RegExp(type))
    await refused({ configurationType: 'manual', configuration: { token: 't-1' } }, 'InvalidDataFormat')
    await refused({ configurationType: 'other', configuration: {} }, 'InvalidPayload')
    const waits = await installed.change({ configurationType: null, configuration: {} })
    assert.deepEqual([waits.configurationType, waits.status], [null, 'unregistered'])
  })
})

describe('Telegram', { timeout: 60_000 }, () => {
  const path = (method) => `/telegram/bot123:abc/${method}`
  const update = { update_id: 1, message: { message_id: 5, from: { id: 42 }, chat: { id: 43 }, text: 'hi' } }

  async function install() {
    const configuration = { api: `${service.url}/telegram`, botToken: '123:abc' }
    const installed = await deploy('telegram', { configuration })
    const { body } = await service.got(path('setWebhook'))
    assert.deepEqual(body, { url: installed.webhookUrl })
    await installed.registered()
    return installed
  }

  test('messages go both ways, and the webhook is deleted with the bot', async () => {
    const installed = await install()
    const taken = await post(installed.webhookUrl, JSON.stringify(update))
    assert.equal(taken.status, 200, await taken.text())
    const { body } = await service.got(path('sendMessage'))
    assert.deepEqual(body, { chat_id: '43', text: 'you said: hi (undefined)' })
    // Whatever is done to the installation, the webhook goes and comes with it.
    await installed.change({ enabled: false })
    await service.got(path('deleteWebhook'))
    await installed.change({ enabled: true })
    await service.got(path('setWebhook'))
    await installed.registered()
    await installed.delete()
    await service.got(path('deleteWebhook'))
  })
})

describe('Slack', { timeout: 60_000 }, () => {
  const sign = (body, time = '1700000000') => {
    const made = createHmac('sha256', 'shh').update(`v0:${time}:${body}`).digest('hex')
    return { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${made}` }
  }

  test('the wizard leads through OAuth, and events find the installation by their team', async () => {
    const installed = await deploy('slack', { configuration: { api: `${service.url}/slack` } })
    const challenge = await post(installed.shared, JSON.stringify({ type: 'url_verification', challenge: 'c-7' }))
    assert.deepEqual([challenge.status, await challenge.json()], [200, { challenge: 'c-7' }])
    const { status, statusReason } = await installed.find()
    const [, link] = /^It has to be linked first: (.*)$/.exec(statusReason)
    assert.deepEqual([status, link], ['unregistered', `${server.url}/webhook/oauth/wizard/start?state=${installed.webhookId}`])
    // The command line makes the same link of the address of the API, without /webhook.
    const page = await fetch(link.replace('/webhook/', '/'))
    const [, next] = /href="([^"]*)"/.exec(await page.text())
    assert.equal(new URL(next).pathname, '/oauth/wizard/authorize')
    const end = await fetch(next)
    assert.deepEqual([end.status, new URL(end.url).pathname], [200, '/app/oauth/interstitial'])
    assert.match(await end.text(), /Connected/)
    await service.got('/slack/oauth.v2.access')
    await installed.registered()
    assert.equal((await installed.find()).identifier, 'T1')
    const body = JSON.stringify({ team_id: 'T1', event: { type: 'message', channel: 'C1', user: 'U1', text: 'hi' } })
    const unsigned = await post(installed.shared, body, { ...sign(body), 'x-slack-signature': 'v0=00' })
    assert.equal(unsigned.status, 401)
    const taken = await post(installed.shared, body, sign(body))
    assert.equal(taken.status, 200, await taken.text())
    const posted = await service.got('/slack/chat.postMessage')
    assert.deepEqual(posted.body, { channel: 'C1', text: 'you said: hi (undefined)' })
    assert.equal(posted.authorization, 'Bearer xoxb-1')
  })
})

describe('LINE', { timeout: 60_000 }, () => {
  test('the webhook is verified without events, and an answer goes to the reply token', async () => {
    const configuration = { api: `${service.url}/line`, channelAccessToken: 'l-1', channelSecret: 'line-secret' }
    const installed = await deploy('line', { configuration })
    await installed.registered()
    const sign = (body) => ({ 'x-line-signature': createHmac('sha256', 'line-secret').update(body).digest('base64') })
    const empty = JSON.stringify({ destination: 'D1', events: [] })
    const verified = await post(installed.webhookUrl, empty, sign(empty))
    assert.equal(verified.status, 200, await verified.text())
    assert.equal((await post(installed.webhookUrl, empty, sign('other'))).status, 401)
    const event = { type: 'message', replyToken: 'r-1', source: { userId: 'U1' }, message: { type: 'text', text: 'こんにちは' } }
    const body = JSON.stringify({ destination: 'D1', events: [event] })
    const taken = await post(installed.webhookUrl, body, sign(body))
    assert.equal(taken.status, 200, await taken.text())
    const replied = await service.got('/line/v2/bot/message/reply')
    assert.deepEqual(replied.body, { replyToken: 'r-1', messages: [{ type: 'text', text: 'you said: こんにちは (undefined)' }] })
    assert.equal(replied.authorization, 'Bearer l-1')
  })
})
