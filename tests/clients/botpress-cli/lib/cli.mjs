// Projects of ours and the official command line, in a directory of their own.
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:net'

const HERE = new URL('..', import.meta.url).pathname
const BP = join(HERE, 'node_modules/@botpress/cli/bin.js')

/** A directory with both projects, and `bp` with a home in it. */
export async function workshop(variables = {}) {
  const root = await mkdtemp(join(tmpdir(), 'parlance-cli-'))
  await symlink(join(HERE, 'node_modules'), join(root, 'node_modules'))
  for (const project of ['bot', 'integration']) {
    await cp(join(HERE, project), join(root, project), { recursive: true })
  }
  // Nothing of the caller's environment: it may have a BP_TOKEN.
  const environment = (project) => ({
    cwd: project ? join(root, project) : root,
    env: { PATH: process.env.PATH, HOME: root, NO_UPDATE_NOTIFIER: '1', ...variables },
  })
  const given = (asked) => [BP, ...asked, '--botpressHome', join(root, 'home')]
  return {
    root,
    /** Runs a command to its end: what it printed, and whether it failed. */
    bp(project, ...asked) {
      return new Promise((done) => {
        execFile(process.execPath, given(asked), { ...environment(project), timeout: 60_000 }, (error, stdout, stderr) => {
          done({ failed: error !== null, said: plain(stdout + stderr), stdout })
        })
      })
    },
    /** Runs `bp dev` until it is ended. */
    dev(project, ...asked) {
      const options = { ...environment(project), stdio: ['ignore', 'pipe', 'pipe'], detached: true }
      const child = spawn(process.execPath, given(['dev', ...asked]), options)
      const running = { said: '', ended: false }
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8')
        stream.on('data', (text) => (running.said += plain(text)))
      }
      const exit = new Promise((resolve) => child.once('exit', resolve)).then(() => (running.ended = true))
      return Object.assign(running, {
        /** Waits until it has said something. */
        async says(pattern, seconds = 40) {
          const end = Date.now() + seconds * 1000
          while (!pattern.test(running.said)) {
            if (running.ended || Date.now() > end) throw new Error(`bp dev has not said ${pattern}:\n${running.said}`)
            await new Promise((wake) => setTimeout(wake, 50))
          }
          return running.said.match(pattern)
        },
        /** Ends it with the worker that it has started: they are a process group of their own. */
        async stop() {
          if (!running.ended) process.kill(-child.pid, 'SIGKILL')
          await exit
        },
      })
    },
    remove: () => rm(root, { recursive: true }),
  }
}

const plain = (text) => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')

/** A port that was free just now. */
export async function freePort() {
  const server = createServer()
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return port
}
