// Every command of the official command line that asks a server, and what is deployed with it: a webhook
// comes in, the integration makes a message of it, the bot has the integration shout it, and the
// integration posts the bot's answer outside.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { workshop } from './lib/cli.mjs'
import { startOutside } from './lib/outside.mjs'
import { SECRET, TOKEN, WORKSPACE, installation, post, startServer, until } from './lib/server.mjs'

const messages = async (server, botId) => {
  const as = { 'x-bot-id': botId }
  const { messages } = await server.call('GET', '/v1/chat/messages', undefined, as)
  return messages.reverse()
}

for (const engine of ['embedded', 'node']) {
  describe(`deployed, engine ${engine}`, { timeout: 120_000 }, () => {
    let server, outside, shop, bot
    const bp = async (project, ...asked) => {
      const { failed, said, stdout } = await shop.bp(project, ...asked)
      assert.ok(!failed, `bp ${asked.join(' ')}:\n${said}`)
      return asked.includes('--json') ? JSON.parse(stdout) : said
    }
    before(async () => {
      outside = await startOutside()
      server = await startServer({ PARLANCE_RUNTIME__ENGINE: engine })
      shop = await workshop({ OUTSIDE: outside.url })
    })
    after(async () => {
      await server.stop()
      outside.stop()
      await shop.remove()
    })

    test('login', async () => {
      const login = ['login', '--apiUrl', server.url, '--workspaceId', WORKSPACE, '-y', '--token']
      const wrong = await shop.bp('', ...login, 'bp_pat_wrong')
      assert.ok(wrong.failed, wrong.said)
      await bp('', ...login, TOKEN)
    })

    test('bots create, ls, get, delete', async () => {
      const names = async () => (await bp('', 'bots', 'ls', '--json')).map(({ name }) => name)
      assert.deepEqual(await names(), ['example'])
      await bp('', 'bots', 'create', '--name', 'first', '--json')
      await bp('', 'bots', 'create', '--name', 'first', '--ifNotExists', '--json')
      assert.deepEqual((await names()).sort(), ['example', 'first'])
      const first = (await bp('', 'bots', 'ls', '--json')).find(({ name }) => name === 'first')
      assert.equal((await bp('', 'bots', 'get', first.id, '--json')).id, first.id)
      await bp('', 'bots', 'delete', first.id)
      assert.deepEqual(await names(), ['example'])
      const gone = await shop.bp('', 'bots', 'get', first.id)
      assert.ok(gone.failed && /bot/i.test(gone.said), gone.said)
    })

    test('deploy, ls, get and delete an integration', async () => {
      const without = await shop.bp('integration', 'deploy', '-y')
      assert.ok(without.failed && /Secret "SIGNING" is required/.test(without.said), without.said)
      await bp('integration', 'deploy', '-y', '--secrets', `SIGNING=${SECRET}`)
      // Beside the server's own, which is in the Hub.
      const listed = async () => {
        const all = await bp('', 'integrations', 'ls', '--json')
        return all.map(({ name, version }) => `${name}@${version}`).filter((one) => !one.startsWith('chat@'))
      }
      assert.deepEqual(await listed(), ['relay@0.1.0'])
      await bp('', 'integrations', 'delete', 'relay@0.1.0')
      assert.deepEqual(await listed(), [])
      // A second deployment changes what is there, and asks for no secret that it has.
      await bp('integration', 'deploy', '-y', '--secrets', `SIGNING=${SECRET}`)
      const deployed = await bp('', 'integrations', 'get', 'relay@0.1.0', '--json')
      await bp('integration', 'deploy', '-y', '--noBuild')
      const again = await bp('', 'integrations', 'get', deployed.id, '--json')
      assert.deepEqual([again.id, again.secrets], [deployed.id, ['SIGNING']])
    })

    test('add, deploy a bot, and a message goes all the way', async () => {
      await bp('bot', 'add', 'relay@0.1.0', '-y')
      const said = await bp('bot', 'deploy', '--createNewBot', '-y')
      const id = said.match(/Bot created with ID "([^"]+)"/)[1]
      bot = await bp('', 'bots', 'get', id, '--json')
      const { webhookUrl } = await installation(server, bot.id)
      assert.ok(said.includes(webhookUrl), said)
      const answer = await post(`${webhookUrl}/in?a=1`, { conversation: 'c1', user: 'u1', text: 'hello' })
      assert.equal(answer.status, 202)
      const { message, path, query } = await answer.json()
      assert.deepEqual([path, query], ['/in', 'a=1'])
      const [first] = await outside.wait(1)
      assert.deepEqual([first.conversation, first.text], ['c1', '1: HELLO!'])
      await post(webhookUrl, { conversation: 'c1', user: 'u1', text: 'again' })
      const posted = await outside.wait(2)
      assert.equal(posted[1].text, '2: AGAIN!')
      // What the server has of it, and what the integration has acknowledged.
      const stored = await until('acknowledged answers', async () => {
        const all = await messages(server, bot.id)
        return all.length === 4 && all[3].tags['relay:id'] === '2' && all
      })
      assert.deepEqual(
        stored.map(({ direction, payload }) => [direction, payload.text]),
        [['incoming', 'hello'], ['outgoing', '1: HELLO!'], ['incoming', 'again'], ['outgoing', '2: AGAIN!']],
      )
      assert.equal(stored[0].id, message)
      assert.equal(stored[1].id, posted[0].message)
      assert.equal(stored[1].userId, bot.id)
      const unsigned = await post(webhookUrl, { conversation: 'c1', user: 'u1', text: 'no' }, 'wrong')
      assert.deepEqual([unsigned.status, unsigned.headers.get('x-reason')], [401, 'signature'])
    })

    test('what code writes is in the logs, and what it refuses is an issue', async () => {
      const { webhookUrl } = await installation(server, bot.id)
      await post(webhookUrl, { conversation: 'c2', user: 'u1', text: 'refuse' })
      const issues = await until('issue', async () => {
        const { issues } = await server.call('GET', `/v1/admin/bots/${bot.id}/issues`)
        return issues.length > 0 && issues
      })
      assert.match(issues[0].description, /The relay does not shout this/)
      const times = 'timeStart=2020-01-01T00:00:00Z&timeEnd=2100-01-01T00:00:00Z'
      const { logs } = await server.call('GET', `/v1/admin/bots/${bot.id}/logs?${times}`)
      const text = logs.map(({ message }) => message).join('\n')
      for (const line of [/registered at http/, /shouts hello/, /heard 1 in /]) assert.match(text, line)
    })

    test('deploy a bot anew', async () => {
      const before = await installation(server, bot.id)
      await bp('bot', 'deploy', '--botId', bot.id, '-y')
      const { webhookUrl } = await installation(server, bot.id)
      assert.equal(webhookUrl, before.webhookUrl)
      outside.take()
      await post(webhookUrl, { conversation: 'c1', user: 'u1', text: 'more' })
      const [third] = await outside.wait(1)
      assert.equal(third.text, '3: MORE!')
    })
  })
}
