// The service outside: it keeps what the integration posts to it.
import { createServer } from 'node:http'

export async function startOutside() {
  const posted = []
  const waiting = new Set()
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    posted.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: posted.length }))
    for (const wake of waiting) wake()
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${server.address().port}/outside`,
    posted,
    /** What was posted, once it is so much. */
    async wait(enough, seconds = 30) {
      const fits = typeof enough === 'number' ? () => posted.length >= enough : () => enough(posted)
      const end = Date.now() + seconds * 1000
      while (!fits()) {
        const left = end - Date.now()
        if (left <= 0) throw new Error(`only ${JSON.stringify(posted)} was posted within ${seconds} s`)
        let wake
        const woken = new Promise((resolve) => (wake = resolve))
        waiting.add(wake)
        const timer = setTimeout(wake, left)
        await woken
        clearTimeout(timer)
        waiting.delete(wake)
      }
      return posted
    },
    take: () => posted.splice(0),
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
