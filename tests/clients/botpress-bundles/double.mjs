// The least of the Botpress API that the bundles call, and an outside service, on one loopback port. It keeps what
// it was sent.
import { createServer } from 'node:http'

const now = '2026-03-01T12:00:00.000Z'
const row = (id, more) => ({ id, createdAt: now, updatedAt: now, tags: {}, ...more })

function answer(method, path, body) {
  if (path === '/outside') return { taken: true }
  if (method === 'GET' && path.startsWith('/v1/chat/conversations/')) {
    return { conversation: row(path.split('/').at(-1), { channel: 'channel', integration: 'echo' }) }
  }
  if (path === '/v1/chat/conversations/get-or-create') return { conversation: row('conv_1', { channel: body.channel, integration: 'echo', tags: body.tags }) }
  if (path === '/v1/chat/users/get-or-create') return { user: row('user_1', { tags: body.tags }) }
  if (path === '/v1/chat/messages') return { message: row('msg_1', { ...body, direction: 'outgoing' }) }
  if (path === '/v1/chat/states/bot/bot/seen') return { state: row('state_1', { type: 'bot', name: 'seen', payload: body.payload }) }
  return undefined
}

export async function start() {
  const calls = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => (text += chunk))
    request.on('end', () => {
      const body = text === '' ? undefined : JSON.parse(text)
      const path = request.url.split('?')[0]
      calls.push({ method: request.method, path, headers: request.headers, body })
      const found = answer(request.method, path, body)
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(found ?? { id: 'err_1', code: 404, type: 'ReferenceNotFound', message: `no ${path}` }))
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${server.address().port}`
  return { url, calls, take: () => calls.splice(0), stop: () => server.close() }
}
