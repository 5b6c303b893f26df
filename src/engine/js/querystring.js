// node:querystring
const { URLSearchParams } = require('url')
function parse(text) {
  const found = Object.create(null)
  for (const [name, value] of new URLSearchParams(String(text ?? ''))) {
    found[name] = name in found ? [].concat(found[name], value) : value
  }
  return found
}
function stringify(object) {
  const pairs = []
  for (const [name, value] of Object.entries(object ?? {})) {
    for (const one of [].concat(value)) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`)
  }
  return pairs.join('&')
}
Object.assign(exports, { parse, decode: parse, stringify, encode: stringify, escape: encodeURIComponent, unescape: decodeURIComponent })
