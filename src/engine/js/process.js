// process: a plain object, so that libraries which check for the process object of Node.js use web APIs instead. It
// has the variables of the program and no details of the machine.
const EventEmitter = require('events')
const stream = (level) => ({
  isTTY: false,
  fd: level === 'info' ? 1 : 2,
  write(text) {
    require('console')[level](String(text).replace(/\n$/, ''))
    return true
  },
  on() { return this },
  once() { return this },
})
const hrtime = (since) => {
  const now = host.elapsed() * 1e6
  const parts = [Math.floor(now / 1e9), Math.floor(now % 1e9)]
  if (!since) return parts
  const left = [parts[0] - since[0], parts[1] - since[1]]
  return left[1] < 0 ? [left[0] - 1, left[1] + 1e9] : left
}
hrtime.bigint = () => BigInt(Math.floor(host.elapsed() * 1e6))
const none = () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 })
module.exports = {
  ...Object.fromEntries(Object.entries(EventEmitter.prototype)),
  env: host.env,
  argv: ['node', '/bundle.js'],
  execArgv: [],
  version: 'v20.0.0',
  versions: { node: '20.0.0' },
  release: { name: 'node' },
  platform: 'linux',
  arch: 'x64',
  pid: 1,
  title: 'node',
  exitCode: undefined,
  stdout: stream('info'),
  stderr: stream('error'),
  hrtime,
  nextTick: (run, ...values) => { Promise.resolve().then(() => run(...values)) },
  cwd: () => '/',
  uptime: () => host.elapsed() / 1000,
  memoryUsage: none,
  emitWarning: (warning) => require('console').warn(String(warning?.message ?? warning)),
  exit: () => host.unsupported('process.exit'),
  // Libraries try this and do without it, so it is not recorded as missing. Node.js children do not have it either.
  binding: (name) => { throw Object.assign(new Error(`No such module: ${name}`), { code: 'ERR_INVALID_MODULE' }) },
}
