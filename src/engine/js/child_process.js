// node:child_process: no program may start a process, not even in Node.js. Libraries that run a command to learn a
// detail of the machine continue without it.
const EventEmitter = require('events')
const denied = (name) => Object.assign(new Error(`Access to this API has been restricted: child_process.${name}`), { code: 'ERR_ACCESS_DENIED' })

const later = (name) => (...values) => {
  const callback = values.findLast((value) => typeof value === 'function')
  const child = Object.assign(new EventEmitter(), { pid: undefined, stdin: null, stdout: new EventEmitter(), stderr: new EventEmitter(), kill: () => false })
  process.nextTick(() => {
    if (callback) callback(denied(name), '', '')
    else if (child.listenerCount('error')) child.emit('error', denied(name))
  })
  return child
}
const refusing = (name) => function () { throw denied(name) }
module.exports = { exec: later('exec'), execFile: later('execFile') }
for (const name of ['execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync', 'ChildProcess']) module.exports[name] = refusing(name)
