// `bp dev` with the tunnel of the server, for an integration and for a bot: the whole way of a message, a
// change of the source while it runs, a lost connection, and what arrives while the program is down.
import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort, workshop } from './lib/cli.mjs'
import { startOutside } from './lib/outside.mjs'
import { SECRET, TOKEN, WORKSPACE, installation, post, startServer, until } from './lib/server.mjs'
import { startWire } from './lib/wire.mjs'

describe('bp dev', { timeout: 150_000 }, () => {
  let server, wire, outside, shop, relay, parrot
  before(async () => {
    outside = await startOutside()
    server = await startServer({ PARLANCE_DELIVERIES__RETRY_SECONDS: '[1, 1, 1, 1, 1, 2, 2, 2, 5, 5, 5]' })
    wire = await startWire(server.url)
    shop = await workshop({ OUTSIDE: outside.url, BP_TUNNEL_URL: wire.url })
    const login = await shop.bp('', 'login', '--apiUrl', server.url, '--token', TOKEN, '--workspaceId', WORKSPACE, '-y')
    assert.ok(!login.failed, login.said)
  })
  after(async () => {
    await parrot?.stop()
    await relay?.stop()
    wire.stop()
    await server.stop()
    outside.stop()
    await shop.remove()
  })

  const open = async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return Number(metrics.match(/parlance_tunnels_open (\d+)/)[1])
  }
  const startRelay = async () => {
    relay = shop.dev('integration', '--port', `${await freePort()}`, '-y', '--secrets', `SIGNING=${SECRET}`)
    await relay.says(/Dev Integration deployed/)
    await relay.says(/Listening on port/)
  }
  const startParrot = async () => {
    parrot = shop.dev('bot', '--port', `${await freePort()}`, '-y')
    await parrot.says(/Dev Bot deployed/)
    await parrot.says(/Listening on port/)
  }
  const theBot = async () => {
    const { bots } = await server.call('GET', '/v1/admin/bots?dev=true')
    return bots[0]
  }
  const say = async (conversation, text) => {
    const { webhookUrl } = await installation(server, (await theBot()).id)
    let last
    const answer = await until('answer of the integration', async () => {
      const answer = await post(webhookUrl, { conversation, user: 'u1', text })
      // Its worker may be on its way back.
      if (answer.status < 500) return answer
      last = `${answer.status} ${await answer.text()}`
    }).catch((error) => {
      throw new Error(`${error.message}: ${last}\n${relay.said.slice(-2000)}`)
    })
    assert.equal(answer.status, 202, await answer.text())
  }

  test('a message goes all the way through two tunnels', async () => {
    await startRelay()
    const { integrations } = await server.call('GET', '/v1/admin/integrations?dev=true')
    assert.equal(integrations[0].name, 'relay')
    const added = await shop.bp('bot', 'add', integrations[0].id, '-y')
    assert.ok(!added.failed, added.said)
    await startParrot()
    assert.equal(await open(), 2)
    const { bot } = await server.call('GET', `/v1/admin/bots/${(await theBot()).id}`)
    assert.ok(bot.dev)
    await say('c1', 'hello')
    const [first] = await outside.wait(1)
    assert.deepEqual([first.conversation, first.text], ['c1', '1: HELLO!'])
    assert.match(parrot.said, /heard 1 in /)
  })

  test('a connection that is cut is made again', async () => {
    wire.cut()
    await relay.says(/Tunnel (closed|error)[^]*Reconnected/)
    await parrot.says(/Tunnel (closed|error)[^]*Reconnected/)
    outside.take()
    await say('c1', 'again')
    // What was on its way when the connection was cut is told a second time, before it.
    await outside.wait((posted) => /: AGAIN!$/.test(posted.at(-1)?.text))
  })

  test('a change of the source is served after a moment', async () => {
    const source = join(shop.root, 'integration/src/index.ts')
    // One event for the watcher: with two, the command builds twice at once, and one build fails when it reads a
    // file that the other writes ("Unexpected end of JSON input").
    const changed = join(shop.root, 'changed.ts')
    await writeFile(changed, (await readFile(source, 'utf8')).replace("MARK = '!'", "MARK = '?!'"))
    await rename(changed, source)
    await relay.says(/Changes detected/)
    await relay.says(/Changes detected[^]*Dev Integration deployed/)
    outside.take()
    await until('changed answer', async () => {
      const before = outside.posted.length
      await say('c2', 'hello')
      const posted = await outside.wait(before + 1)
      return /: HELLO\?!$/.test(posted.at(-1).text)
    })
  })

  test('what arrives while the bot is down is told when it is back, in order', async () => {
    await parrot.stop()
    await until('closed tunnel', async () => (await open()) === 1)
    outside.take()
    for (const text of ['one', 'two', 'three']) await say('c3', text)
    await startParrot()
    const posted = await outside.wait(3, 60)
    assert.deepEqual(posted.map(({ text }) => text), ['1: ONE?!', '2: TWO?!', '3: THREE?!'])
  })

  test('after a kill -9 of the server commands that are started again go on where they were', async () => {
    const before = await theBot()
    await parrot.stop()
    await until('closed tunnel', async () => (await open()) === 1)
    await say('c4', 'kept')
    await server.kill()
    await server.start()
    // The command line tries once to connect again, and ends if the server is not back by then.
    await relay.stop()
    outside.take()
    await startRelay()
    await startParrot()
    assert.equal((await theBot()).id, before.id)
    const posted = await outside.wait(1, 60)
    assert.deepEqual([posted[0].conversation, posted[0].text], ['c4', '1: KEPT?!'])
  })
})
