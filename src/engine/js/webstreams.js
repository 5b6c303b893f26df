// ReadableStream, WritableStream and TransformStream: chunks in order, with a bounded queue. Byte streams that fill
// the reader's own buffers are missing.
const deferred = () => {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  made.promise.catch(() => {})
  return made
}
const high = ({ highWaterMark = 1 } = {}) => highWaterMark

class ReadableStream {
  #source
  #high
  #queue = []
  #waiting = []
  #state = 'readable'
  #closing = false
  #reason
  #busy = true
  #again = false
  #reader = null
  #ended = deferred()
  #disturbed = false
  #controller
  constructor(source = {}, strategy) {
    if (source.type === 'bytes' && source.autoAllocateChunkSize) host.unsupported('ReadableStream of bytes with buffers of its own')
    this.#source = source
    this.#high = high(strategy)
    const stream = this
    this.#controller = {
      get desiredSize() { return stream.#state === 'readable' ? stream.#high - stream.#queue.length : stream.#state === 'closed' ? 0 : null },
      enqueue(chunk) { stream.#enqueue(chunk) },
      close() { stream.#close() },
      error(reason) { stream.#fail(reason) },
    }
    const started = source.start?.(this.#controller)
    Promise.resolve(started).then(() => { this.#busy = false; this.#pull() }, (reason) => this.#fail(reason))
  }
  static from(items) {
    const iterator = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]()
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(await value)
      },
      async cancel(reason) { await iterator.return?.(reason) },
    }, { highWaterMark: 0 })
  }
  #enqueue(chunk) {
    if (this.#state !== 'readable' || this.#closing) throw new TypeError('Invalid state: Controller is already closed')
    const first = this.#waiting.shift()
    if (first) first.resolve({ value: chunk, done: false })
    else this.#queue.push(chunk)
    this.#pull()
  }
  #close() {
    if (this.#state !== 'readable' || this.#closing) throw new TypeError('Invalid state: Controller is already closed')
    this.#closing = true
    this.#endIfEmpty()
  }
  #endIfEmpty() {
    if (!this.#closing || this.#queue.length || this.#state !== 'readable') return
    this.#state = 'closed'
    for (const one of this.#waiting.splice(0)) one.resolve({ value: undefined, done: true })
    this.#ended.resolve()
  }
  #fail(reason) {
    if (this.#state !== 'readable') return
    this.#state = 'errored'
    this.#reason = reason
    this.#queue = []
    for (const one of this.#waiting.splice(0)) one.reject(reason)
    this.#ended.reject(reason)
  }
  #pull() {
    if (this.#closing || this.#state !== 'readable' || !this.#source.pull) return
    if (!this.#waiting.length && this.#queue.length >= this.#high) return
    if (this.#busy) return void (this.#again = true)
    this.#busy = true
    const again = () => {
      this.#busy = false
      if (this.#again) {
        this.#again = false
        this.#pull()
      }
    }
    new Promise((resolve) => resolve(this.#source.pull(this.#controller))).then(again, (reason) => this.#fail(reason))
  }
  #read() {
    this.#disturbed = true
    if (this.#state === 'errored') return Promise.reject(this.#reason)
    if (this.#queue.length) {
      const value = this.#queue.shift()
      this.#endIfEmpty()
      this.#pull()
      return Promise.resolve({ value, done: false })
    }
    if (this.#state === 'closed') return Promise.resolve({ value: undefined, done: true })
    const one = deferred()
    this.#waiting.push(one)
    this.#pull()
    return one.promise
  }
  async #cancel(reason) {
    this.#disturbed = true
    if (this.#state === 'errored') throw this.#reason
    if (this.#state === 'closed') return
    this.#queue = []
    this.#closing = true
    this.#endIfEmpty()
    await this.#source.cancel?.(reason)
  }
  static disturbed(stream) { return stream.#disturbed }
  get locked() { return this.#reader !== null }
  get [Symbol.toStringTag]() { return 'ReadableStream' }
  getReader({ mode } = {}) {
    if (mode === 'byob') host.unsupported('ReadableStream.getReader({ mode: "byob" })')
    if (this.locked) throw new TypeError('Invalid state: ReadableStream is locked')
    const stream = this
    const held = () => { if (stream.#reader !== reader) throw new TypeError('Invalid state: The reader is not attached to a stream') }
    const reader = {
      closed: stream.#ended.promise,
      async read() { held(); return stream.#read() },
      async cancel(reason) { held(); return stream.#cancel(reason) },
      releaseLock() { if (stream.#reader === reader) stream.#reader = null },
    }
    this.#reader = reader
    return reader
  }
  async cancel(reason) {
    if (this.locked) throw new TypeError('Invalid state: ReadableStream is locked')
    return this.#cancel(reason)
  }
  async *values({ preventCancel = false } = {}) {
    const reader = this.getReader()
    let ended = false
    try {
      for (;;) {
        const { value, done } = await reader.read().catch((error) => { ended = true; throw error })
        if (done) return void (ended = true)
        yield value
      }
    } finally {
      if (!ended && !preventCancel) await reader.cancel()
      reader.releaseLock()
    }
  }
  [Symbol.asyncIterator](options) { return this.values(options) }
  tee() {
    const reader = this.getReader()
    const branches = []
    let pulling
    const pull = () => (pulling ??= reader.read().then(({ value, done }) => {
      pulling = undefined
      for (const branch of branches) if (!branch.gone) done ? branch.controller.close() : branch.controller.enqueue(value)
    }, (error) => { for (const branch of branches) branch.controller.error(error) }))
    const branch = () => new ReadableStream({
      start(controller) { branches.push((this.own = { controller, gone: false })) },
      pull,
      cancel(reason) {
        this.own.gone = true
        if (branches.every((one) => one.gone)) return reader.cancel(reason)
      },
    })
    return [branch(), branch()]
  }
  async pipeTo(target, { preventClose, preventAbort, preventCancel, signal } = {}) {
    const [reader, writer] = [this.getReader(), target.getWriter()]
    try {
      for (;;) {
        signal?.throwIfAborted()
        const { value, done } = await reader.read().catch(async (error) => {
          if (!preventAbort) await writer.abort(error)
          throw error
        })
        if (done) break
        await writer.write(value).catch(async (error) => {
          if (!preventCancel) await reader.cancel(error)
          throw error
        })
      }
      if (!preventClose) await writer.close()
    } finally {
      reader.releaseLock()
      writer.releaseLock()
    }
  }
  pipeThrough({ readable, writable }, options) {
    this.pipeTo(writable, options).catch(() => {})
    return readable
  }
}

class WritableStream {
  #sink
  #last
  #writer = null
  #ended = deferred()
  #waiting = 0
  #high
  #failed
  #controller
  constructor(sink = {}, strategy) {
    this.#sink = sink
    this.#high = high(strategy)
    this.#controller = { signal: new AbortController().signal, error: (reason) => this.#fail(reason) }
    this.#last = Promise.resolve(sink.start?.(this.#controller)).catch((error) => this.#fail(error))
  }
  #fail(reason) {
    this.#failed ??= { reason }
    this.#ended.reject(reason)
  }
  #next(work) {
    const done = this.#last.then(async () => {
      if (this.#failed) throw this.#failed.reason
      return work()
    })
    this.#last = done.catch((error) => this.#fail(error))
    return done
  }
  get locked() { return this.#writer !== null }
  get [Symbol.toStringTag]() { return 'WritableStream' }
  async close() { return this.#next(() => this.#sink.close?.()).then(() => this.#ended.resolve()) }
  async abort(reason) {
    this.#fail(reason)
    await this.#sink.abort?.(reason)
  }
  getWriter() {
    if (this.locked) throw new TypeError('Invalid state: WritableStream is locked')
    const stream = this
    return (this.#writer = {
      closed: stream.#ended.promise,
      get ready() { return stream.#waiting < stream.#high ? Promise.resolve() : stream.#last.then(() => {}) },
      get desiredSize() { return stream.#failed ? null : stream.#high - stream.#waiting },
      write(chunk) {
        stream.#waiting++
        return stream.#next(() => stream.#sink.write?.(chunk, stream.#controller)).finally(() => stream.#waiting--).then(() => {})
      },
      close: () => stream.close(),
      abort: (reason) => stream.abort(reason),
      releaseLock() { stream.#writer = null },
    })
  }
}

class TransformStream {
  constructor(transformer = {}) {
    let out
    let room = deferred()
    this.readable = new ReadableStream({ start(controller) { out = controller }, pull() { room.resolve(); room = deferred() } }, { highWaterMark: 0 })
    const controller = {
      get desiredSize() { return out.desiredSize },
      enqueue: (chunk) => out.enqueue(chunk),
      error: (reason) => out.error(reason),
      terminate: () => out.close(),
    }
    const failing = async (work) => { try { await work() } catch (error) { out.error(error); throw error } }
    this.writable = new WritableStream({
      start: () => transformer.start?.(controller),
      write: (chunk) => failing(async () => {
        if (out.desiredSize !== null && out.desiredSize < 0) await room.promise
        return transformer.transform ? transformer.transform(chunk, controller) : controller.enqueue(chunk)
      }),
      close: () => failing(async () => {
        await transformer.flush?.(controller)
        out.close()
      }),
      abort: (reason) => out.error(reason),
    })
  }
}
class TextEncoderStream extends TransformStream {
  constructor() { super({ transform: (chunk, controller) => controller.enqueue(new TextEncoder().encode(chunk)) }) }
  get encoding() { return 'utf-8' }
}
class TextDecoderStream extends TransformStream {
  constructor(label, options) {
    const decoder = new TextDecoder(label, options)
    const pass = (text, controller) => { if (text) controller.enqueue(text) }
    super({ transform: (chunk, controller) => pass(decoder.decode(chunk, { stream: true }), controller), flush: (controller) => pass(decoder.decode(), controller) })
  }
}
const { disturbed } = ReadableStream
delete ReadableStream.disturbed
Object.defineProperty(module.exports, 'disturbed', { value: disturbed })
Object.assign(module.exports, { ReadableStream, WritableStream, TransformStream, TextEncoderStream, TextDecoderStream })
