// A way to the server that can be cut.
import { connect, createServer } from 'node:net'

export async function startWire(target) {
  const { hostname, port } = new URL(target)
  const open = new Set()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Cuts all connections, as a network does that is gone; new ones can be made at once. */
    cut() {
      for (const socket of open) socket.resetAndDestroy()
    },
    stop() {
      server.close()
      this.cut()
    },
  }
}
