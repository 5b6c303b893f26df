// The same bundles in a server: a webhook comes in, the integration makes a message of it, the bot has the
// integration add two numbers and keeps the sum, and the integration posts the bot's answer outside.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startOutside } from '../botpress-cli/lib/outside.mjs'
import { startServer, until } from '../botpress-cli/lib/server.mjs'
import { sdks } from './bundle.mjs'
import { deploy } from './installed.mjs'

const directory = mkdtempSync(join(tmpdir(), 'bundles-server-'))
after(() => rmSync(directory, { recursive: true }))

for (const engine of ['embedded', 'node']) {
  describe(`in a server, ${engine}`, { timeout: 120_000 }, () => {
    let server, outside
    before(async () => {
      outside = await startOutside()
      server = await startServer({ PARLANCE_RUNTIME__ENGINE: engine })
    })
    after(async () => {
      await server.stop()
      outside.stop()
    })

    for (const sdk of sdks) {
      test(`a message goes all the way with SDK ${sdk}`, async () => {
        const bot = await deploy(server, sdk, outside, directory)
        outside.take()
        const answer = await bot.write('42', 'add 3 4')
        const said = await answer.text()
        assert.equal(answer.status, 202, said)
        assert.deepEqual(await outside.wait(1), [{ conversation: '42', text: '3 + 4 = 7' }])
        const [asked, answered, ...others] = await bot.messages('42')
        assert.deepEqual(others, [])
        assert.deepEqual([asked.direction, asked.payload.text], ['incoming', 'add 3 4'])
        assert.deepEqual([answered.direction, answered.payload.text, answered.userId], ['outgoing', '3 + 4 = 7', bot.id])
        const { state } = await bot.call(`/v1/chat/states/conversation/${asked.conversationId}/sum`)
        assert.deepEqual(state.payload, { of: 7 })
        const { issues } = await server.call('GET', `/v1/admin/bots/${bot.id}/issues`)
        assert.deepEqual(issues, [])
      })
    }
  })
}

const CONVERSATIONS = 3
const MESSAGES = 12

/** The processes that a process has started. */
function childrenOf(pid) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return processes.filter((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
    } catch {
      return false
    }
  }).map(Number)
}

/** Writes a message until it is taken. */
async function write(bot, who, text) {
  await until('taken message', async () => {
    const answer = await bot.write(who, text).catch(() => undefined)
    await answer?.text().catch(() => undefined)
    return answer?.status === 202
  }, 60)
}

const killed = {
  'the server, embedded': ['embedded', async (server) => {
    await server.kill()
    await server.start()
  }],
  'the server, node': ['node', async (server) => {
    await server.kill()
    await server.start()
  }],
  'the children, node': ['node', (server) => {
    const children = childrenOf(server.pid)
    assert.ok(children.length > 0, 'there are children')
    for (const child of children) process.kill(child, 'SIGKILL')
  }],
}

for (const [what, [engine, kill]] of Object.entries(killed)) {
  test(`kill -9 of ${what}: nothing is lost and nothing is out of order`, { timeout: 120_000 }, async () => {
    const outside = await startOutside()
    const server = await startServer({
      PARLANCE_RUNTIME__ENGINE: engine,
      PARLANCE_DELIVERIES__RETRY_SECONDS: '[1, 1, 1, 1, 1, 1, 1, 1]',
    })
    try {
      const bot = await deploy(server, '0.10.10', outside, directory)
      const names = Array.from({ length: CONVERSATIONS }, (_, index) => `c${index}`)
      const writing = Promise.all(names.map(async (who) => {
        for (let number = 1; number <= MESSAGES; number += 1) await write(bot, who, `add ${number} 0`)
      }))
      for (const part of [0.25, 0.6]) {
        await outside.wait(Math.floor(CONVERSATIONS * MESSAGES * part))
        assert.ok(outside.posted.length < CONVERSATIONS * MESSAGES, 'it is in mid-conversation')
        await kill(server)
      }
      await writing
      const posted = (who) => outside.posted.filter(({ conversation }) => conversation === who)
      const last = `${MESSAGES} + 0 = ${MESSAGES}`
      await outside.wait(() => names.every((who) => posted(who).some(({ text }) => text === last)), 60)
      for (const who of names) {
        const numbers = posted(who).map(({ text }) => Number.parseInt(text, 10))
        const sorted = [...numbers].sort((a, b) => a - b)
        // What was under way may arrive twice, but in its place.
        assert.deepEqual(numbers, sorted, `${who} is out of order`)
        const distinct = [...new Set(numbers)]
        assert.deepEqual(distinct, Array.from({ length: MESSAGES }, (_, index) => index + 1), `${who} has lost something`)
        const stored = await bot.messages(who)
        const incoming = stored.filter(({ direction }) => direction === 'incoming')
        const texts = incoming.map(({ payload }) => payload.text)
        assert.deepEqual([...new Set(texts)], distinct.map((number) => `add ${number} 0`))
      }
    } finally {
      await server.stop()
      outside.stop()
    }
  })
}
