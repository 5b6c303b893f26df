// Sets up an isolate: modules, globals, and the functions that its event loop calls.
(function (host, env) {
  'use strict'
  const internal = new Set(['blob', 'fetch', 'inspect', 'intl', 'web', 'webstreams', 'xhr'])
  const within = { 'util/types': ['util', 'types'], 'timers/promises': ['timers', 'promises'], 'path/posix': ['path', 'posix'], 'assert/strict': ['assert', 'strict'], 'fs/promises': ['fs', 'promises'], 'stream/web': ['webstreams'], 'stream/promises': ['stream', 'promises'], 'dns/promises': ['dns', 'promises'], 'readline/promises': ['readline', 'promises'] }
  const cache = new Map()

  function load(name) {
    if (!cache.has(name)) {
      const compiled = host.module(name)
      if (compiled === null) return undefined
      const module = { exports: {}, id: name }
      cache.set(name, module)
      compiled(host, load, module, module.exports)
    }
    return cache.get(name).exports
  }

  function requireModule(name) {
    const plain = String(name).replace(/^node:/, '')
    const [outer, inner] = within[plain] ?? [plain]
    const found = internal.has(plain) ? undefined : load(outer)
    if (found !== undefined) return inner === undefined ? found : found[inner]
    // node-fetch tries this package, which Node.js does not have either.
    if (plain !== 'encoding') host.missing(`the module ${plain}`)
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
  }

  // Code sees the clock of the server, which an operator may have moved.
  const SystemDate = Date
  SystemDate.now = () => host.time()
  globalThis.Date = new Proxy(SystemDate, {
    construct: (target, values, made) => Reflect.construct(target, values.length ? values : [host.time()], made),
    apply: () => new SystemDate(host.time()).toString(),
  })
  SystemDate.prototype.constructor = globalThis.Date

  host.bytes = (view) => {
    const bytes = view instanceof ArrayBuffer ? new Uint8Array(view) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    let text = ''
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192))
    return text
  }
  host.unsupported = (what) => {
    host.missing(what)
    throw Object.assign(new Error(`${what} is not there in the embedded engine; Node.js runs code that needs it`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' })
  }
  // An object with a function for every name. Each fails when it is called: bundles mention many that they never use.
  host.absent = (module, own) => {
    const made = new Map()
    const proxy = new Proxy({}, {
      get(_, key) {
        if (typeof key !== 'string' || ['__esModule', 'default', 'then', 'toJSON', 'promises'].includes(key)) return undefined
        if (!made.has(key)) made.set(key, function () { host.unsupported(`${module}.${key}`) })
        return made.get(key)
      },
    })
    return Object.assign(Object.create(proxy), own)
  }
  host.env = env
  host.operations = new Map()

  const define = (values) => {
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false })
    }
  }
  define({ global: globalThis })
  define(load('timers').globals)
  define(load('url').globals)
  define({ Buffer: load('buffer').Buffer, console: load('console'), process: load('process') })
  define(load('web'))
  define(load('fetch').globals)
  define({ XMLHttpRequest: load('xhr'), crypto: load('crypto').webcrypto })
  // Globals that few bundles use are created on first use.
  const later = (module, names) => {
    for (const name of names) {
      const set = (value) => define({ [name]: value })
      const get = () => (set(load(module)[name]), globalThis[name])
      Object.defineProperty(globalThis, name, { get, set, configurable: true, enumerable: false })
    }
  }
  later('blob', ['Blob', 'File', 'FormData'])
  later('webstreams', ['ReadableStream', 'WritableStream', 'TransformStream', 'TextEncoderStream', 'TextDecoderStream'])
  later('intl', ['Intl'])
  const method = (prototype, name, value) => Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  for (const [name, fields] of [['toLocaleString', 'all'], ['toLocaleDateString', 'date'], ['toLocaleTimeString', 'time']]) {
    method(SystemDate.prototype, name, function (locales, options) {
      return Number.isNaN(this.getTime()) ? 'Invalid Date' : new (load('intl').DateTimeFormat)(locales, options, fields).format(this)
    })
  }
  for (const { prototype } of [Number, BigInt]) {
    method(prototype, 'toLocaleString', function (locales, options) { return new (load('intl').NumberFormat)(locales, options).format(this.valueOf()) })
  }
  method(String.prototype, 'localeCompare', function (other, locales, options) { return new (load('intl').Collator)(locales, options).compare(this, other) })

  function describe(error) {
    if (!(error instanceof Error)) return typeof error === 'string' ? error : load('inspect').inspect(error)
    return `${error.name}: ${error.message}`
  }

  // Globals that Node.js has and this engine lacks.
  const lacking = ['BroadcastChannel', 'CompressionStream', 'DecompressionStream', 'MessageChannel', 'MessagePort', 'WebAssembly', 'WebSocket', 'SharedArrayBuffer']

  function stackOf(error) {
    const stack = error instanceof Error ? error.stack : undefined
    return typeof stack === 'string' ? stack.slice(0, 16384).toWellFormed() : ''
  }

  // Garbage that only a collection frees: while it exists, the current turn needed no collection.
  let garbage
  function begin() {
    for (const operation of host.cancelled()) host.operations.delete(operation)
    const cycle = {}
    cycle.self = cycle
    garbage = new WeakRef(cycle)
  }
  // Without memory for an error, the engine throws null, and it has collected garbage before.
  function isOutOfMemory(error) {
    if (error !== null) return (error instanceof InternalError || error instanceof SyntaxError) && error.message === 'out of memory'
    if (garbage?.deref() === undefined) return true
    try {
      return new ArrayBuffer(host.memory / 8).byteLength === 0
    } catch {
      return true
    }
  }

  function fail(call, error) {
    try {
      const unknown = error instanceof ReferenceError && /^'?(\w+)'? is not defined/.exec(error.message)?.[1]
      if (lacking.includes(unknown)) {
        host.missing(`the global ${unknown}`)
        return host.fail(call, 'missing', `the global ${unknown} is not there in the embedded engine; Node.js runs code that needs it`)
      }
      const missing = error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM'
      const kind = isOutOfMemory(error) ? 'memory' : missing ? 'missing' : 'thrown'
      host.fail(call, kind, describe(error).toWellFormed(), stackOf(error))
    } catch (again) {
      // A member of the error throws, or there is no memory for its text.
      let isMemory = false
      try {
        isMemory = isOutOfMemory(again)
      } catch {}
      host.fail(call, isMemory ? 'memory' : 'thrown', 'a value that cannot be shown was thrown', '')
    }
  }

  function answer(call, given) {
    if (given !== undefined && (given === null || typeof given !== 'object')) {
      return host.fail(call, 'answer', 'it is neither an object nor undefined')
    }
    const { status = 200, headers = {}, body = '{}' } = given ?? {}
    if (!Number.isInteger(status) || status < 100 || status > 599) return host.fail(call, 'answer', 'its status is not a valid HTTP status')
    const texts = {}
    for (const [name, value] of Object.entries(headers ?? {})) if (value != null) texts[name] = String(value)
    const text = typeof body === 'string' ? body : load('buffer').Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body ?? '')
    host.answer(call, status, JSON.stringify(texts), text.toWellFormed())
  }

  let handler
  const rejected = new Map()
  return {
    load(bundle) {
      const module = { exports: {}, id: '/bundle.js', filename: '/bundle.js', loaded: false, children: [], paths: [] }
      const require = Object.assign(requireModule.bind(null), { cache: {}, resolve: (name) => name, main: undefined })
      begin()
      try {
        bundle.call(module.exports, module.exports, require, module, '/bundle.js', '/')
      } catch (error) {
        throw isOutOfMemory(error) ? new InternalError('out of memory') : error
      }
      module.loaded = true
      const found = module.exports
      handler = found.handler ?? found.default?.handler?.bind(found.default)
      if (typeof handler !== 'function') throw new Error('the code exports no function named handler')
    },
    call(call, text) {
      begin()
      const run = async () => handler(JSON.parse(text))
      run().then((given) => answer(call, given)).catch((error) => fail(call, error))
    },
    fire(timer) {
      begin()
      const ring = host.operations.get(timer)
      host.operations.delete(timer)
      if (ring) ring()
    },
    deliver(operation, error, head, body) {
      begin()
      const done = host.operations.get(operation)
      host.operations.delete(operation)
      if (done) done(error, head === undefined ? undefined : { ...JSON.parse(head), body })
    },
    rejected(promise, reason, handled) {
      if (handled) rejected.delete(promise)
      else rejected.set(promise, reason)
    },
    rejections() {
      for (const reason of rejected.values()) {
        let [text, stack] = ['a value that cannot be shown', '']
        try {
          text = describe(reason).toWellFormed()
          stack = stackOf(reason)
        } catch {}
        host.uncaught(`unhandled rejection: ${text}`, stack)
      }
      rejected.clear()
    },
  }
})
