// Workflows of a bot of today (SDK 7 with client 1.45.0): its handlers acknowledge, go on, end and time out.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startServer, until } from '../botpress-cli/lib/server.mjs'
import { bundle, sdks } from './bundle.mjs'

const directory = mkdtempSync(join(tmpdir(), 'bundles-workflows-'))
after(() => rmSync(directory, { recursive: true }))

const SDK = sdks.at(-1)

for (const engine of ['embedded', 'node']) {
  test(`SDK ${SDK}, ${engine}: workflows`, { timeout: 60_000 }, async () => {
    const server = await startServer({ PARLANCE_RUNTIME__ENGINE: engine })
    try {
      const code = await readFile(await bundle('workflow-bot', SDK, directory), 'utf8')
      const { bot } = await server.call('POST', '/v1/admin/bots', {})
      await server.call('PUT', `/v1/admin/bots/${bot.id}`, { code })
      const as = { 'x-bot-id': bot.id }
      const start = async (name, input, more) => {
        const body = { name, status: 'pending', input, ...more }
        const { workflow } = await server.call('POST', '/v1/chat/workflows', body, as)
        return workflow.id
      }
      const ended = (id) =>
        until('a workflow that has ended', async () => {
          const { workflow } = await server.call('GET', `/v1/chat/workflows/${id}`, undefined, as)
          return ['completed', 'failed', 'timedout', 'cancelled'].includes(workflow.status) && workflow
        })
      const count = await start('count', { rounds: 3 }, { tags: { for: 'Ann' } })
      const fail = await start('fail', { thing: 'luck' })
      const late = await start('late', {})
      const none = await start('none', {}, { timeoutAt: new Date(Date.now() + 60_000).toISOString() })
      const done = await ended(count)
      assert.deepEqual([done.status, done.output], ['completed', { rounds: 3, user: 'Ann' }])
      const failed = await ended(fail)
      assert.deepEqual([failed.status, failed.failureReason], ['failed', 'no luck'])
      const timed = await until('a handled timeout', async () => {
        const workflow = await ended(late)
        return workflow.status === 'failed' && workflow
      })
      assert.equal(timed.failureReason, 'it took too long')
      // Nobody handles it, so nobody acknowledges it.
      const unhandled = await ended(none)
      assert.match(unhandled.failureReason, /did not acknowledge workflow_started/)
      const { events } = await server.call('GET', `/v1/chat/events?workflowId=${count}`, undefined, as)
      assert.deepEqual(events.map(({ payload, status }) => [payload.type, status]), [
        ['workflow_continued', 'processed'], ['workflow_continued', 'processed'], ['workflow_started', 'processed'],
      ])
      const { issues } = await server.call('GET', `/v1/admin/bots/${bot.id}/issues`)
      assert.deepEqual(issues, [])
    } finally {
      await server.stop()
    }
  })
}
