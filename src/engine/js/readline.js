// node:readline without a terminal: no line ever arrives.
const EventEmitter = require('events')

class Interface extends EventEmitter {
  constructor() {
    super()
    this.closed = false
    this.terminal = false
    this.line = ''
    process.nextTick(() => this.close())
  }
  close() {
    if (this.closed) return
    this.closed = true
    this.emit('close')
  }
  pause() { return this }
  resume() { return this }
  setPrompt() {}
  getPrompt() { return '' }
  prompt() {}
  write() {}
  question() { host.unsupported('readline.question') }
  async *[Symbol.asyncIterator]() {}
}
const done = (...values) => {
  const callback = values.at(-1)
  if (typeof callback === 'function') process.nextTick(callback)
  return true
}
const made = {
  Interface,
  createInterface: () => new Interface(),
  clearLine: done,
  clearScreenDown: done,
  cursorTo: done,
  moveCursor: done,
  emitKeypressEvents() {},
}
made.promises = { Interface, createInterface: made.createInterface }
module.exports = made
