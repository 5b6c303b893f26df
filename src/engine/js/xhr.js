// XMLHttpRequest, which axios uses when it does not find Node's own modules.
const { EventTarget, Event } = require('web')
const { sourceOf } = require('fetch')
class XMLHttpRequest extends EventTarget {
  static UNSENT = 0
  static OPENED = 1
  static HEADERS_RECEIVED = 2
  static LOADING = 3
  static DONE = 4
  readyState = 0
  status = 0
  statusText = ''
  response = null
  responseURL = ''
  responseType = ''
  timeout = 0
  withCredentials = false
  upload = new EventTarget()
  #method
  #url
  #headers = []
  #answered = []
  #operation
  #timer
  open(method, url) {
    this.#method = String(method).toUpperCase()
    this.#url = String(url)
    this.#turn(1)
  }
  setRequestHeader(name, value) { this.#headers.push([String(name), String(value)]) }
  getResponseHeader(name) {
    const found = this.#answered.filter(([known]) => known === String(name).toLowerCase())
    return found.length ? found.map(([, value]) => value).join(', ') : null
  }
  getAllResponseHeaders() { return this.#answered.map(([name, value]) => `${name}: ${value}\r\n`).join('') }
  overrideMimeType() {}
  get responseText() { return typeof this.response === 'string' ? this.response : '' }
  get responseXML() { return null }
  send(body = null) {
    const [bytes, type] = sourceOf(body)
    if (bytes !== null && !(bytes instanceof Uint8Array)) host.unsupported('this kind of request body')
    if (type && !this.#headers.some(([name]) => name.toLowerCase() === 'content-type')) this.#headers.push(['content-type', type])
    try {
      this.#operation = host.fetch(this.#method, this.#url, JSON.stringify(this.#headers).toWellFormed(), host.bytes(bytes ?? new Uint8Array(0)), 'follow')
    } catch (error) {
      return void Promise.resolve().then(() => this.#end('error', error.message))
    }
    host.operations.set(this.#operation, (error, answer) => (error ? this.#end('error', error) : this.#receive(answer)))
    if (this.timeout > 0) this.#timer = setTimeout(() => this.#stop('timeout'), this.timeout)
  }
  abort() { if (this.#operation !== undefined && this.readyState < 4) this.#stop('abort') }
  #stop(how) {
    host.operations.delete(this.#operation)
    host.cancel(this.#operation)
    this.#end(how)
  }
  #receive({ status, headers, url, body }) {
    Object.assign(this, { status, responseURL: url })
    this.#answered = headers
    if (this.responseType === 'arraybuffer') this.response = body.buffer
    else if (this.responseType === 'blob') this.response = new Blob([body], { type: this.getResponseHeader('content-type') ?? '' })
    else {
      const text = host.text(host.bytes(body))
      this.response = this.responseType !== 'json' ? text : text === '' ? null : JSON.parse(text)
    }
    this.#end('load')
  }
  #turn(state) {
    this.readyState = state
    this.dispatchEvent(new Event('readystatechange'))
  }
  #end(how, error) {
    clearTimeout(this.#timer)
    if (how !== 'load') this.status = 0
    this.#turn(4)
    this.dispatchEvent(Object.assign(new Event(how), error ? { message: error, error: new Error(error) } : {}))
    this.dispatchEvent(new Event('loadend'))
  }
}
for (const [name, state] of Object.entries({ UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 })) XMLHttpRequest.prototype[name] = state
module.exports = XMLHttpRequest
