// Timers. The callback of a timer belongs to the call that set the timer.
const running = new Map()

class Timeout {
  constructor(run, delay, every) {
    this.wait = delay >= 1 && delay <= 0x7fffffff ? Number(delay) : 1
    this.every = every
    this.run = run
    this.operation = 0
    this.id = this.arm()
    running.set(this.id, this)
  }
  arm() {
    this.operation = host.timer(this.wait)
    host.operations.set(this.operation, () => this.ring())
    return this.operation
  }
  ring() {
    if (!this.every) {
      running.delete(this.id)
      return this.run()
    }
    try {
      this.run()
    } finally {
      if (running.has(this.id)) this.arm()
    }
  }
  ref() { return this }
  unref() { return this }
  hasRef() { return true }
  close() {
    running.delete(this.id)
    host.operations.delete(this.operation)
    host.cancel(this.operation)
  }
  [Symbol.toPrimitive]() { return this.id }
}

function start(every, run, delay, values) {
  if (typeof run !== 'function') throw new TypeError('The "callback" argument must be of type function')
  return new Timeout(() => run(...values), delay, every)
}
function clear(timer) {
  const found = timer instanceof Timeout ? timer : running.get(Number(timer))
  if (found) found.close()
}
const setTimeout = (run, delay, ...values) => start(false, run, delay, values)
const setInterval = (run, delay, ...values) => start(true, run, delay, values)
const setImmediate = (run, ...values) => start(false, run, 0, values)
const globals = {
  setTimeout, setInterval, setImmediate,
  clearTimeout: clear, clearInterval: clear, clearImmediate: clear,
  queueMicrotask: (run) => { Promise.resolve().then(run) },
}
const promises = {
  setTimeout: (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value)),
  setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)),
}
module.exports = { ...globals, globals, promises }
