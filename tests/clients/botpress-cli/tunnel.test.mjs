// The official client of the tunnel (`@bpinternal/tunnel`) against the vendor's own server and against ours:
// what the client meets must be the same.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import { startServer } from './lib/server.mjs'

const { TunnelServer, TunnelTail, errors } = createRequire(import.meta.url)('@bpinternal/tunnel')
const codes = errors.CLOSE_CODES

/** The vendor's server: it has no HTTP, so a request is what one would make of it. */
async function oracle() {
  const server = await TunnelServer.new({ port: 0 })
  const port = server._wss.address().port
  let count = 0
  return {
    ws: `ws://127.0.0.1:${port}`,
    async ask(id, method, path, body) {
      const head = server.getTunnel(id)
      const request = { id: `request-${(count += 1)}`, method, path, headers: { 'x-asked': '1' }, body }
      const answered = new Promise((resolve) => {
        head.events.onceOrMore('response', (response) => {
          if (response.requestId !== request.id) return 'keep-listening'
          resolve(response)
          return 'stop-listening'
        })
      })
      head.send(request)
      const { status, headers, body: text } = await answered
      return { status, answered: headers?.['x-answered'], body: text ?? '' }
    },
    stop: () => server.close(),
  }
}

async function ours() {
  const server = await startServer()
  return {
    ws: server.url.replace('http', 'ws'),
    async ask(id, method, path, body) {
      const response = await fetch(`${server.url}/${id}${path}`, { method, headers: { 'x-asked': '1' }, body })
      const answered = response.headers.get('x-answered') ?? undefined
      return { status: response.status, answered, body: await response.text() }
    },
    stop: () => server.stop(),
  }
}

/** A program at the end of a tunnel, which answers with what it was asked. */
async function program(ws, id, name = 'program') {
  const tail = await TunnelTail.new(ws, id)
  const requests = []
  tail.events.on('request', (request) => {
    requests.push(request)
    tail.send({
      requestId: request.id,
      status: 201,
      headers: { 'x-answered': name },
      body: `${request.method} ${request.path} ${request.body ?? ''}`,
    })
  })
  return { tail, requests }
}

const closed = (tail) => new Promise((resolve) => tail.events.once('close', ({ code, reason }) => resolve([code, reason])))

for (const [name, start] of Object.entries({ "the vendor's server": oracle, Parlance: ours })) {
  describe(`tunnel of ${name}`, { timeout: 60_000 }, () => {
    let server
    before(async () => (server = await start()))
    after(() => server.stop())

    test('a request and its answer', async () => {
      const { tail, requests } = await program(server.ws, 'first')
      tail.hello()
      const answer = await server.ask('first', 'POST', '/a/b', 'grüß "dich"')
      assert.deepEqual(answer, { status: 201, answered: 'program', body: 'POST /a/b grüß "dich"' })
      const [{ id, type, method, path, headers, body }] = requests
      assert.equal(typeof id, 'string')
      assert.deepEqual(
        [type, method, path, headers['x-asked'], body],
        ['request', 'POST', '/a/b', '1', 'grüß "dich"'],
      )
      tail.close()
    })

    test('many requests at once, answered in any order', async () => {
      const tail = await TunnelTail.new(server.ws, 'many')
      const requests = []
      tail.events.on('request', (request) => {
        requests.push(request)
        if (requests.length < 20) return
        for (const { id, path } of requests.reverse()) tail.send({ requestId: id, status: 200, body: path })
      })
      const asked = Array.from({ length: 20 }, (_, index) => server.ask('many', 'GET', `/${index}`))
      const answers = await Promise.all(asked)
      assert.deepEqual(answers.map(({ body }) => body), answers.map((_, index) => `/${index}`))
      tail.close()
    })

    test('large bodies', async () => {
      const { tail } = await program(server.ws, 'large')
      const body = 'ü"'.repeat(500_000)
      const answer = await server.ask('large', 'POST', '/', body)
      assert.equal(answer.body, `POST / ${body}`)
      tail.close()
    })

    test('an id that is none', async () => {
      for (const id of ['a.b', 'a/b', 'a?b']) {
        const tail = await TunnelTail.new(server.ws, id)
        assert.deepEqual(await closed(tail), [codes.INVALID_TUNNEL_ID, 'invalid url'], id)
      }
    })

    test('an answer that is not of the protocol', async () => {
      const tail = await TunnelTail.new(server.ws, 'wrong')
      tail.send({ requestId: 7, status: 'good' })
      assert.deepEqual(await closed(tail), [codes.INVALID_RESPONSE_PAYLOAD, 'invalid response payload'])
    })

    test('a second client with the same id is asked from then on, and the first one stays connected', async () => {
      const first = await program(server.ws, 'twice', 'first')
      const second = await program(server.ws, 'twice', 'second')
      assert.equal((await server.ask('twice', 'GET', '/')).answered, 'second')
      assert.ok(!first.tail.closed && first.tail._ws.readyState === 1)
      first.tail.close()
      second.tail.close()
    })

    test('a client that comes back has its tunnel again', async () => {
      const first = await program(server.ws, 'back', 'first')
      const gone = closed(first.tail)
      first.tail.close()
      await gone
      const second = await program(server.ws, 'back', 'second')
      assert.equal((await server.ask('back', 'GET', '/')).answered, 'second')
      second.tail.close()
    })
  })
}
