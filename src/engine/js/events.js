// node:events
function EventEmitter() {
  if (!Object.hasOwn(this, '_events')) this._events = new Map()
}
const of = (emitter) => {
  if (!Object.hasOwn(emitter, '_events') || !(emitter._events instanceof Map)) emitter._events = new Map()
  return emitter._events
}
function add(emitter, name, listener, first) {
  if (typeof listener !== 'function') throw new TypeError('The "listener" argument must be of type function')
  const events = of(emitter)
  if (events.has('newListener')) emitter.emit('newListener', name, listener.listener ?? listener)
  const list = events.get(name) ?? []
  events.set(name, first ? [listener, ...list] : [...list, listener])
  return emitter
}
function once(emitter, name, listener) {
  const wrapped = (...values) => {
    emitter.removeListener(name, wrapped)
    return listener.apply(emitter, values)
  }
  wrapped.listener = listener
  return wrapped
}
Object.assign(EventEmitter.prototype, {
  on(name, listener) { return add(this, name, listener, false) },
  addListener(name, listener) { return add(this, name, listener, false) },
  prependListener(name, listener) { return add(this, name, listener, true) },
  once(name, listener) { return add(this, name, once(this, name, listener), false) },
  prependOnceListener(name, listener) { return add(this, name, once(this, name, listener), true) },
  removeListener(name, listener) {
    const list = of(this).get(name) ?? []
    const at = list.findLastIndex((one) => one === listener || one.listener === listener)
    if (at < 0) return this
    const rest = list.toSpliced(at, 1)
    if (rest.length) of(this).set(name, rest)
    else of(this).delete(name)
    if (of(this).has('removeListener')) this.emit('removeListener', name, listener)
    return this
  },
  off(name, listener) { return this.removeListener(name, listener) },
  removeAllListeners(name) {
    if (name === undefined) of(this).clear()
    else of(this).delete(name)
    return this
  },
  emit(name, ...values) {
    const list = of(this).get(name)
    if (list === undefined) {
      if (name === 'error') throw values[0] instanceof Error ? values[0] : new Error(`Unhandled error. (${values[0]})`)
      return false
    }
    for (const listener of list) listener.apply(this, values)
    return true
  },
  listeners(name) { return (of(this).get(name) ?? []).map((one) => one.listener ?? one) },
  rawListeners(name) { return [...(of(this).get(name) ?? [])] },
  listenerCount(name) { return (of(this).get(name) ?? []).length },
  eventNames() { return [...of(this).keys()] },
  setMaxListeners() { return this },
  getMaxListeners() { return Infinity },
})
EventEmitter.EventEmitter = EventEmitter
EventEmitter.defaultMaxListeners = 10
EventEmitter.setMaxListeners = () => {}
EventEmitter.listenerCount = (emitter, name) => emitter.listenerCount(name)
EventEmitter.once = (emitter, name) => new Promise((resolve, reject) => {
  const done = (...values) => { emitter.removeListener('error', failed); resolve(values) }
  const failed = (error) => { emitter.removeListener(name, done); reject(error) }
  emitter.once(name, done)
  if (name !== 'error') emitter.once('error', failed)
})
module.exports = EventEmitter
