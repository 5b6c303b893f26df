// console: each call becomes a log line of the program.
const { format, inspect } = require('inspect')
const write = (level, text) => { if (text !== '') host.log(level, text.toWellFormed()) }
const levels = { log: 'info', info: 'info', debug: 'debug', trace: 'debug', warn: 'warn', error: 'error' }
for (const [method, level] of Object.entries(levels)) exports[method] = (...values) => write(level, format(...values))
exports.dir = (value, options) => write('info', inspect(value, options))
exports.table = (value) => write('info', inspect(value))
exports.assert = (truth, ...values) => { if (!truth) write('error', format('Assertion failed', ...values)) }
exports.group = exports.groupCollapsed = (...values) => { if (values.length) exports.log(...values) }
exports.groupEnd = () => {}
const counts = new Map()
exports.count = (label = 'default') => {
  counts.set(label, (counts.get(label) ?? 0) + 1)
  write('info', `${label}: ${counts.get(label)}`)
}
exports.countReset = (label = 'default') => { counts.delete(label) }
const started = new Map()
exports.time = (label = 'default') => { started.set(label, host.elapsed()) }
exports.timeLog = (label = 'default') => write('info', `${label}: ${(host.elapsed() - (started.get(label) ?? 0)).toFixed(3)}ms`)
exports.timeEnd = (label = 'default') => {
  exports.timeLog(label)
  started.delete(label)
}
