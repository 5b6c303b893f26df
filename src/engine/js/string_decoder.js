// node:string_decoder
const { Buffer } = require('buffer')
// Returns the number of bytes at the end that belong to an incomplete character.
function partial(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
class StringDecoder {
  constructor(encoding = 'utf8') {
    this.encoding = encoding
    this.rest = Buffer.alloc(0)
  }
  write(chunk) {
    if (typeof chunk === 'string') return chunk
    const bytes = Buffer.concat([this.rest, chunk])
    const unit = { base64: 3, utf16le: 2, ucs2: 2 }[this.encoding]
    const left = unit ? bytes.length % unit : /^utf-?8$/i.test(this.encoding) ? partial(bytes) : 0
    this.rest = bytes.subarray(bytes.length - left)
    return bytes.toString(this.encoding, 0, bytes.length - left)
  }
  end(chunk) {
    const text = (chunk === undefined ? '' : this.write(chunk)) + this.rest.toString(this.encoding)
    this.rest = Buffer.alloc(0)
    return text
  }
}
module.exports = { StringDecoder }
