// Runs one program in a child process of Parlance. Orders come as JSON lines on standard input,
// answers go as marked JSON lines to standard output. When the input ends, so does the process.
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
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function log(level, text) {
  if (text !== '') send({ is: 'log', level, text, bot: bots.getStore() })
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

function load({ code, env }) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  takeOutput()
  process.on('unhandledRejection', (error) => log('error', 'unhandled rejection: ' + describe(error)))
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
    return send({ is: 'unloadable', text: describe(error), missing })
  }
  send({ is: 'loaded' })
}

async function call({ id, request }) {
  let answer
  try {
    answer = await bots.run(request.headers['x-bot-id'], () => handler(request))
  } catch (error) {
    return send({ is: 'failed', id, text: describe(error), answer: false })
  }
  try {
    if (answer !== undefined && (answer === null || typeof answer !== 'object')) {
      throw new TypeError('it is neither an object nor undefined')
    }
    const { status = 200, headers = {}, body = '{}' } = answer ?? {}
    if (!Number.isInteger(status) || status < 100 || status > 599) throw new TypeError('its status is no status')
    const texts = Object.entries(headers ?? {}).filter(([, value]) => value != null)
    const response = {
      status,
      headers: Object.fromEntries(texts.map(([name, value]) => [name, String(value)])),
      body: typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body ?? ''),
    }
    send({ is: 'answer', id, response })
  } catch (error) {
    send({ is: 'failed', id, text: describe(error), answer: true })
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
