// node:punycode (RFC 3492), with the functions for domains and addresses that libraries use.
const [BASE, TMIN, TMAX, SKEW, DAMP, BIAS, FIRST] = [36, 1, 26, 38, 700, 72, 128]
const LARGEST = 0x7fffffff
const SEPARATORS = /[\u3002\uFF0E\uFF61]/g

const fail = (text) => { throw new RangeError(text) }
const digitOf = (letter) => {
  const code = letter.charCodeAt(0)
  if (code >= 48 && code < 58) return code - 22
  if (code >= 65 && code < 91) return code - 65
  if (code >= 97 && code < 123) return code - 97
  return BASE
}
const letterOf = (digit) => String.fromCharCode(digit < 26 ? digit + 97 : digit + 22)
function adapt(delta, points, isFirst) {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2))
  rest += Math.floor(rest / points)
  let k = 0
  for (; rest > ((BASE - TMIN) * TMAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - TMIN))
  return k + Math.floor(((BASE - TMIN + 1) * rest) / (rest + SKEW))
}
const threshold = (k, bias) => Math.min(Math.max(k - bias, TMIN), TMAX)

function decode(text) {
  const end = text.lastIndexOf('-')
  const points = []
  for (let at = 0; at < end; at += 1) {
    if (text.charCodeAt(at) >= FIRST) fail('Illegal input >= 0x80 (not a basic code point)')
    points.push(text.charCodeAt(at))
  }
  let [n, i, bias] = [FIRST, 0, BIAS]
  for (let at = end > 0 ? end + 1 : 0; at < text.length;) {
    const before = i
    for (let weight = 1, k = BASE; ; k += BASE) {
      if (at >= text.length) fail('Invalid input')
      const digit = digitOf(text[at])
      at += 1
      if (digit >= BASE) fail('Invalid input')
      i += digit * weight
      if (i > LARGEST) fail('Overflow: input needs wider integers to process')
      const t = threshold(k, bias)
      if (digit < t) break
      weight *= BASE - t
      if (weight > LARGEST) fail('Overflow: input needs wider integers to process')
    }
    const count = points.length + 1
    bias = adapt(i - before, count, before === 0)
    n += Math.floor(i / count)
    i %= count
    if (n > 0x10ffff) fail('Invalid input')
    points.splice(i, 0, n)
    i += 1
  }
  return ucs2.encode(points)
}

function encode(text) {
  const points = ucs2.decode(text)
  let made = points.filter((point) => point < FIRST).map((point) => String.fromCharCode(point)).join('')
  const basic = made.length
  let handled = basic
  if (basic) made += '-'
  let [n, delta, bias] = [FIRST, 0, BIAS]
  while (handled < points.length) {
    const next = points.reduce((least, point) => (point >= n && point < least ? point : least), LARGEST)
    delta += (next - n) * (handled + 1)
    if (delta > LARGEST) fail('Overflow: input needs wider integers to process')
    n = next
    for (const point of points) {
      if (point < n) delta += 1
      if (point !== n) continue
      let q = delta
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias)
        if (q < t) break
        made += letterOf(t + ((q - t) % (BASE - t)))
        q = Math.floor((q - t) / (BASE - t))
      }
      made += letterOf(q)
      bias = adapt(delta, handled + 1, handled === basic)
      delta = 0
      handled += 1
    }
    delta += 1
    n += 1
  }
  return made
}

// In an email address, only the part after the @ is a domain.
function labels(text, change) {
  const [mailbox, domain] = text.includes('@') ? [`${text.split('@')[0]}@`, text.split('@')[1]] : ['', text]
  return mailbox + domain.replace(SEPARATORS, '.').split('.').map(change).join('.')
}
const ucs2 = {
  decode: (text) => Array.from({ length: text.length }, (_, at) => at)
    .filter((at) => at === 0 || text.codePointAt(at - 1) < 0x10000).map((at) => text.codePointAt(at)),
  encode: (points) => points.map((point) => String.fromCodePoint(point)).join(''),
}
module.exports = {
  version: '2.1.0',
  ucs2,
  decode,
  encode,
  toASCII: (text) => labels(text, (label) => (/[^\0-\x7F]/.test(label) ? `xn--${encode(label)}` : label)),
  toUnicode: (text) => labels(text, (label) => (label.startsWith('xn--') ? decode(label.slice(4).toLowerCase()) : label)),
}
