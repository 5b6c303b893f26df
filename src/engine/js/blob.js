// Blob, File and FormData, and FormData as a body.
const { Buffer } = require('buffer')
const part = (value) => (value instanceof Blob ? Blob.bytes(value) : value instanceof ArrayBuffer ? new Uint8Array(value) : ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(String(value)))

class Blob {
  #bytes
  constructor(parts = [], { type = '' } = {}) {
    if (typeof parts !== 'object') throw new TypeError('The "sources" argument must be a sequence')
    this.#bytes = new Uint8Array(Buffer.concat([...parts].map(part)))
    Object.defineProperty(this, 'type', { value: /^[\x20-\x7e]*$/.test(type) ? String(type).toLowerCase() : '', enumerable: true })
  }
  static bytes(blob) { return blob.#bytes }
  get size() { return this.#bytes.length }
  get [Symbol.toStringTag]() { return 'Blob' }
  slice(start, end, type = '') { return new Blob([this.#bytes.slice(start, end)], { type }) }
  async arrayBuffer() { return this.#bytes.slice().buffer }
  async bytes() { return this.#bytes.slice() }
  async text() { return host.text(host.bytes(this.#bytes)) }
  stream() {
    const bytes = this.#bytes
    return new (require('webstreams').ReadableStream)({
      start(controller) {
        if (bytes.length) controller.enqueue(bytes.slice())
        controller.close()
      },
    })
  }
}
class File extends Blob {
  constructor(parts, name, { type, lastModified = Date.now() } = {}) {
    super(parts, { type })
    Object.assign(this, { name: String(name), lastModified })
  }
  get [Symbol.toStringTag]() { return 'File' }
}

class FormData {
  #entries = []
  constructor(form) { if (form !== undefined) throw new TypeError('FormData takes no form here') }
  #entry(name, value, filename) {
    if (!(value instanceof Blob)) return [String(name), String(value)]
    if (value instanceof File && filename === undefined) return [String(name), value]
    return [String(name), new File([value], filename ?? 'blob', { type: value.type })]
  }
  append(name, value, filename) { this.#entries.push(this.#entry(name, value, filename)) }
  set(name, value, filename) {
    const at = this.#entries.findIndex(([known]) => known === String(name))
    const rest = this.#entries.filter(([known], index) => known !== String(name) || index === at)
    if (at < 0) rest.push(this.#entry(name, value, filename))
    else rest[at] = this.#entry(name, value, filename)
    this.#entries = rest
  }
  delete(name) { this.#entries = this.#entries.filter(([known]) => known !== String(name)) }
  get(name) { return this.#entries.find(([known]) => known === String(name))?.[1] ?? null }
  getAll(name) { return this.#entries.filter(([known]) => known === String(name)).map(([, value]) => value) }
  has(name) { return this.#entries.some(([known]) => known === String(name)) }
  forEach(visit, self) { for (const [name, value] of this) visit.call(self, value, name, this) }
  *entries() { for (const [name, value] of this.#entries) yield [name, value] }
  *keys() { for (const [name] of this.#entries) yield name }
  *values() { for (const [, value] of this.#entries) yield value }
  [Symbol.iterator]() { return this.entries() }
  get [Symbol.toStringTag]() { return 'FormData' }
}

// Encodes a form as a body. Returns the bytes and their type.
function encoded(form) {
  const boundary = `----formdata-${Buffer.from(host.random(12)).toString('hex')}`
  const quoted = (text) => text.replace(/\r\n|\r|\n/g, '%0D%0A').replaceAll('"', '%22')
  const parts = [...form].flatMap(([name, value]) => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`
    if (typeof value === 'string') return [`${head}\r\n\r\n${value.replace(/\r?\n|\r/g, '\r\n')}\r\n`]
    return [`${head}; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`, value, '\r\n']
  })
  return [Blob.bytes(new Blob([...parts, `--${boundary}--\r\n`])), `multipart/form-data; boundary=${boundary}`]
}
// Decodes a body of this type to a form.
function decoded(bytes, type) {
  const form = new FormData()
  if (/^application\/x-www-form-urlencoded/i.test(type)) {
    for (const [name, value] of new URLSearchParams(host.text(host.bytes(bytes)))) form.append(name, value)
    return form
  }
  const boundary = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;]+))/i.exec(type)
  if (!boundary) throw new TypeError('Failed to parse body as FormData')
  const text = `\r\n${host.bytes(bytes)}`
  for (const piece of text.split(`\r\n--${boundary[1] ?? boundary[2]}`).slice(1, -1)) {
    const [, head, body] = /^[ \t]*\r\n([^]*?)\r\n\r\n([^]*)$/.exec(piece) ?? []
    const disposition = /^content-disposition:[^]*?;\s*name="([^"]*)"(?:;\s*filename="([^"]*)")?/im.exec(head ?? '')
    if (!disposition) throw new TypeError('Failed to parse body as FormData')
    const [name, filename] = disposition.slice(1).map((one) => one && host.text(one).replace(/%0D%0A/gi, '\r\n').replace(/%22/g, '"'))
    const content = Buffer.from(body, 'latin1')
    const kind = /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? 'text/plain'
    form.append(name, filename === undefined ? content.toString() : new File([content], filename, { type: kind }))
  }
  return form
}
const blobBytes = Blob.bytes
module.exports = { Blob, File, FormData, encoded, decoded, blobBytes }
