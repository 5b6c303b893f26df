// Runs one program in a child process of Parlance. Reads orders as JSON lines from standard input, and writes marked
// JSON lines to standard output. The process ends when its input ends.
'use strict'
const { AsyncLocalStorage } = require('node:async_hooks')
const Module = require('node:module')
const util = require('node:util')

const write = process.stdout.write.bind(process.stdout)
const bots = new AsyncLocalStorage()
let mark
let handler
const send = (frame) => write(mark + JSON.stringify(frame) + '\n')

function describe(error) {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : typeof error === 'string' ? error : util.inspect(error)
    const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack.slice(0, 16384) : ''
    return { text, stack }
  } catch {
    // A member of the error throws.
    return { text: 'a value that cannot be shown was thrown', stack: '' }
  }
}

function log(level, text) {
  if (text !== '') send({ is: 'log', level, text, bot: bots.getStore() })
}

function uncaught(kind, error) {
  const { text, stack } = describe(error)
  send({ is: 'uncaught', text: `${kind}: ${text}`, stack, bot: bots.getStore() })
}

function takeOutput() {
  const levels = { log: 'info', info: 'info', debug: 'debug', trace: 'debug', warn: 'warn', error: 'error' }
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => log(level, util.format(...values))
  }
  const taken = (level) => (chunk, encoding, done) => {
    log(level, (Buffer.isBuffer(chunk) ? chunk.toString() : String(chunk)).replace(/\n$/, ''))
    const callback = typeof encoding === 'function' ? encoding : done
    if (callback) process.nextTick(callback)
    return true
  }
  process.stdout.write = taken('info')
  process.stderr.write = taken('error')
}

// Blocks the known ways to other processes, to native code and around the permission model. The system blocks them
// too where it can; this is for where it cannot.
function closeWays() {
  const denied = (name) => Object.assign(new Error(`Access to this API has been restricted: ${name}`), { code: 'ERR_ACCESS_DENIED' })
  const refusing = (name) => function () { throw denied(name) }
  const fix = (object, name, value) => Object.defineProperty(object, name, { value, writable: false, enumerable: true, configurable: false })
  const [own, kill] = [process.pid, process._kill]
  const { signals } = require('node:os').constants
  fix(process, 'kill', (pid, signal = 'SIGTERM') => {
    if (Number(pid) !== own) throw denied('process.kill of another process')
    const number = typeof signal === 'number' ? signal : signals[signal]
    if (number === undefined) throw Object.assign(new TypeError(`Unknown signal: ${signal}`), { code: 'ERR_UNKNOWN_SIGNAL' })
    if (kill(own, number) !== 0) throw new Error('kill failed')
    return true
  })
  const ways = [
    '_kill', 'binding', '_linkedBinding', '_debugProcess', '_debugEnd', 'dlopen', 'execve', 'setuid', 'setgid', 'seteuid',
    'setegid', 'setgroups', 'initgroups', '_startProfilerIdleNotifier', '_stopProfilerIdleNotifier', 'loadEnvFile',
  ]
  for (const name of ways) if (name in process) fix(process, name, refusing(`process.${name}`))
  if (process.report) fix(process.report, 'writeReport', refusing('process.report.writeReport'))
  // Includes modules that Node's permission model refuses by itself, because versions differ.
  const modules = {
    child_process: null,
    inspector: null,
    sqlite: null,
    trace_events: ['createTracing'],
    v8: ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'writeHeapSnapshot'],
    wasi: null,
    worker_threads: ['Worker'],
  }
  for (const [name, members] of Object.entries(modules)) {
    if (!Module.isBuiltin('node:' + name)) continue
    const module = require('node:' + name)
    const functions = members ?? Object.keys(module).filter((member) => typeof module[member] === 'function')
    for (const member of functions) fix(module, member, refusing(`${name}.${member}`))
  }
  const os = require('node:os')
  const { setPriority } = os
  fix(os, 'setPriority', (pid, priority) => {
    if (priority === undefined) return setPriority(pid)
    if (Number(pid) !== 0 && Number(pid) !== own) throw denied('os.setPriority of another process')
    return setPriority(0, priority)
  })
  fix(Module._extensions, '.node', refusing('native modules'))
  for (const name of ['register', 'registerHooks']) if (Module[name]) fix(Module, name, refusing(`module.${name}`))
  Module.syncBuiltinESMExports()
}

function load({ code, env }) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  takeOutput()
  closeWays()
  process.on('unhandledRejection', (error) => uncaught('unhandled rejection', error))
  process.on('uncaughtExceptionMonitor', (error) => uncaught('uncaught exception', error))
  const bundle = new Module('/bundle.js', null)
  bundle.filename = '/bundle.js'
  bundle.paths = []
  try {
    bundle._compile(code, '/bundle.js')
    const found = bundle.exports
    handler = found.handler ?? found.default?.handler?.bind(found.default)
    if (typeof handler !== 'function') throw new Error('the code exports no function named handler')
  } catch (error) {
    const missing = error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_ACCESS_DENIED'
    return send({ is: 'unloadable', ...describe(error), missing })
  }
  send({ is: 'loaded' })
}

async function call({ id, request }) {
  let answer
  try {
    answer = await bots.run(request.headers['x-bot-id'], () => handler(request))
  } catch (error) {
    return send({ is: 'failed', id, ...describe(error), answer: false })
  }
  try {
    if (answer !== undefined && (answer === null || typeof answer !== 'object')) {
      throw new TypeError('it is neither an object nor undefined')
    }
    const { status = 200, headers = {}, body = '{}' } = answer ?? {}
    if (!Number.isInteger(status) || status < 100 || status > 599) throw new TypeError('its status is not a valid HTTP status')
    const texts = Object.entries(headers ?? {}).filter(([, value]) => value != null)
    const response = {
      status,
      headers: Object.fromEntries(texts.map(([name, value]) => [name, String(value)])),
      body: typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body ?? ''),
    }
    send({ is: 'answer', id, response })
  } catch (error) {
    send({ is: 'failed', id, ...describe(error), answer: true })
  }
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('end', () => process.exit(0))
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  for (const line of lines) {
    const order = JSON.parse(line)
    if (order.do === 'load') {
      mark = order.mark
      load(order)
    } else if (order.do === 'call') call(order)
    else send({ is: 'pong', id: order.id })
  }
})
