// Bundles of five generations of the official SDK, run by both engines of Parlance.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bundle, sdks } from './bundle.mjs'
import { start } from './double.mjs'

const program = process.env.PARLANCE_PROGRAM
const directory = mkdtempSync(join(tmpdir(), 'bundles-'))
const token = 'bp_bot_planted_token'
let api

before(async () => { api = await start() })
after(() => {
  api.stop()
  rmSync(directory, { recursive: true })
})

function run(file, engine, { operation, type, body, configuration = {}, env = {} }) {
  const variables = { BP_API_URL: api.url, BP_TOKEN: token, BP_LOG_FORMAT: 'json', ...env }
  const given = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const asked = ['run', file, '--engine', engine, '--operation', operation, '--body', JSON.stringify(body)]
  const rest = ['--configuration', JSON.stringify(configuration), ...(type ? ['--type', type] : [])]
  return new Promise((done) => {
    execFile(program, [...asked, ...rest, ...given], { cwd: directory, env: { PATH: process.env.PATH } }, (error, stdout, stderr) => {
      assert.ok(!stderr.includes(token), 'the token is logged')
      // A failure has no answer; what is read of it then fails with what the program said.
      const answer = stdout ? JSON.parse(stdout) : new Proxy({}, { get: () => assert.fail(stderr) })
      done({ failed: error !== null, answer, log: stderr })
    })
  })
}

const message = (text) => ({
  event: {
    id: 'evt', type: 'message_created', createdAt: '2026-03-01T12:00:00.000Z',
    payload: {
      message: { id: 'msg', type: 'text', payload: { text }, conversationId: 'conv', userId: 'user', tags: {}, createdAt: '2026-03-01T12:00:00.000Z' },
      user: { id: 'user', tags: {} }, conversation: { id: 'conv', channel: 'channel', integration: 'echo', tags: {} }, states: {},
    },
  },
})

for (const sdk of sdks) {
  for (const engine of ['embedded', 'node']) {
    describe(`SDK ${sdk}, ${engine}`, () => {
      let bot
      let integration
      const call = (file, asked) => run(file, engine, asked)
      before(async () => {
        bot = await bundle('bot', sdk, directory)
        integration = await bundle('integration', sdk, directory)
      })

      test('a bot answers a message through the API', async () => {
        api.take()
        const { answer, log } = await call(bot, { operation: 'event_received', type: 'message_created', body: message('hi'), env: { GREETING: 'good day' } })
        assert.equal(answer.status, 200)
        assert.match(log, /answers in conv/)
        const sent = api.take().filter(({ method }) => method === 'POST')
        assert.equal(sent.length, 1)
        assert.equal(sent[0].path, '/v1/chat/messages')
        assert.equal(sent[0].headers.authorization, `Bearer ${token}`)
        assert.equal(sent[0].headers['x-bot-id'], 'bot')
        assert.deepEqual(sent[0].body.payload, { text: 'you said: hi (good day)' })
      })

      test('a bot hears of events', async () => {
        api.take()
        const event = { event: { id: 'evt', type: 'x:y', createdAt: '2026-03-01T12:00:00.000Z', payload: {} } }
        const { answer } = await call(bot, { operation: 'event_received', type: 'x:y', body: event })
        assert.equal(answer.status, 200)
        assert.deepEqual(api.take().map(({ path, body }) => [path, body]), [['/v1/chat/states/bot/bot/seen', { payload: { of: 'x:y' } }]])
      })

      test('what a bot throws is a failure or an error answer', async () => {
        for (const text of ['throw', 'runtime error']) {
          const { failed, answer } = await call(bot, { operation: 'event_received', type: 'message_created', body: message(text) })
          assert.ok(failed || answer.status >= 400)
        }
      })

      test('an integration registers, or says why not', async () => {
        const body = { webhookUrl: 'https://hooks.example/w' }
        const good = await call(integration, { operation: 'register', body })
        assert.equal(good.answer.status, 200)
        const bad = await call(integration, { operation: 'register', body, configuration: { refuse: true } })
        assert.equal(bad.answer.status, 400)
        const { type, message } = JSON.parse(bad.answer.body)
        assert.deepEqual({ type, message }, { type: 'Runtime', message: 'refused for https://hooks.example/w' })
      })

      test('an action is answered, and its line is for the owner of the bot', async () => {
        const { answer, log } = await call(integration, { operation: 'action_triggered', type: 'add', body: { type: 'add', input: { a: 1, b: 2 } } })
        assert.equal(answer.status, 200)
        assert.deepEqual(JSON.parse(answer.body).output, { sum: 3 })
        assert.match(log, /info \(bot\): adds 1 and 2/)
        const bad = await call(integration, { operation: 'action_triggered', type: 'add', body: { type: 'add', input: { a: 'x', b: 2 } } })
        assert.ok(bad.failed || bad.answer.status >= 400)
      })

      test('a message goes out to the service of the integration', async () => {
        api.take()
        const body = {
          type: 'text', payload: { text: 'out' }, message: { id: 'm', tags: {} },
          conversation: { id: 'c', channel: 'channel', tags: {} }, user: { id: 'u', tags: {} },
        }
        const { answer } = await call(integration, { operation: 'message_created', type: 'text', body, configuration: { outside: `${api.url}/outside` } })
        assert.equal(answer.status, 200)
        const sent = api.take()
        assert.deepEqual(sent.map(({ path, body }) => [path, body]), [['/outside', { text: 'out' }]])
        assert.equal(sent[0].headers['x-from'], 'integration')
      })

      test('a signed webhook becomes a message, an unsigned one is refused', async () => {
        api.take()
        const text = JSON.stringify({ text: 'grüß dich', who: '42' })
        const signed = createHmac('sha256', 'secret').update(text).digest('hex')
        const request = (signature) => ({ req: { method: 'POST', path: '/in', query: 'a=1', headers: { 'x-signature': signature }, body: text } })
        const env = { SECRET_SIGNING: 'secret' }
        const good = await call(integration, { operation: 'webhook_received', body: request(signed), env })
        assert.deepEqual([good.answer.status, good.answer.body], [202, 'POST /in?a=1 for webhook'])
        const sent = api.take()
        assert.deepEqual(sent.map(({ path }) => path), ['/v1/chat/conversations/get-or-create', '/v1/chat/users/get-or-create', '/v1/chat/messages'])
        assert.equal(sent[0].headers['x-integration-id'], 'integration')
        assert.equal(sent[2].body.payload.text, 'grüß dich')
        const bad = await call(integration, { operation: 'webhook_received', body: request('00'), env })
        assert.deepEqual([bad.answer.status, bad.answer.body, bad.answer.headers['x-reason']], [401, 'bad signature', 'signature'])
        assert.deepEqual(api.take(), [])
      })

      test('a call without a header that the SDK needs fails', async () => {
        const { failed, answer } = await call(bot, { operation: 'no_such_operation', body: {} })
        assert.ok(failed || answer.status >= 400)
      })
    })
  }
}
