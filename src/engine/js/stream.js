// node:stream: base classes. Bundles inherit from them while they are loaded; streaming itself is missing.
const EventEmitter = require('events')
function kind(name, parent) {
  const made = { [name]: function (options) { parent.call(this, options) } }[name]
  made.prototype = Object.create(parent.prototype, { constructor: { value: made, writable: true, configurable: true } })
  Object.setPrototypeOf(made, parent)
  return made
}
const Stream = kind('Stream', EventEmitter)
for (const method of ['pipe', 'read', 'write', 'end', 'push', 'unpipe']) {
  Stream.prototype[method] = function () { host.unsupported(`stream.${method}`) }
}
Object.assign(Stream.prototype, {
  pause() { return this },
  resume() { return this },
  setEncoding() { return this },
  destroy() { return this },
})
const Readable = kind('Readable', Stream)
Readable.from = () => host.unsupported('stream.Readable.from')
const Writable = kind('Writable', Stream)
const Duplex = kind('Duplex', Readable)
const Transform = kind('Transform', Duplex)
const PassThrough = kind('PassThrough', Transform)
const absent = host.absent('stream', {})
const { pipeline, finished, addAbortSignal } = absent
module.exports = Object.assign(Stream, { Stream, Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, addAbortSignal })
module.exports.promises = { pipeline, finished }
