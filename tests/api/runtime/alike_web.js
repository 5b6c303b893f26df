const show = async (make) => {
  try {
    const value = await make()
    return typeof value === 'string' ? value : JSON.stringify(value) ?? 'undefined'
  } catch (error) {
    return `throws ${error.name}`
  }
}
const read = async (stream) => {
  const seen = []
  for await (const chunk of stream) seen.push(chunk)
  return seen
}
const source = (...chunks) => new ReadableStream({ start(controller) { for (const chunk of chunks) controller.enqueue(chunk); controller.close() } })
const bytes = (text) => new TextEncoder().encode(text)
const form = () => { const made = new FormData(); made.append('a', '1'); made.append('a', 'ü "x"'); made.append('f', new Blob(['hi'], { type: 'text/plain' }), 'n.txt'); return made }
const when = new Date(Date.UTC(2026, 2, 5, 13, 7, 9, 42))
const date = (options, at = when) => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(at)
const number = (value, options) => new Intl.NumberFormat('en-US', options).format(value)
const tests = [
  async () => { const b = new Blob(['ab', bytes('ü'), new Blob(['!'])], { type: 'Text/Plain' }); return [b.size, b.type, await b.text(), await b.slice(1, 3).text(), (await b.arrayBuffer()).byteLength, String(b)] },
  async () => { const f = new File(['x'], 'n.txt', { type: 'a/b', lastModified: 5 }); return [f.name, f.type, f.lastModified, f instanceof Blob, await f.text()] },
  () => typeof require('buffer').Blob, async () => (await read(new Blob(['ab']).stream())).map((chunk) => chunk.length), () => new Blob('ab'),
  () => [...form()].map(([name, value]) => [name, typeof value === 'string' ? value : [value.name, value.type, value.size]]), () => { const f = form(); f.set('a', 'z'); f.delete('f'); return [...f.keys(), f.get('a'), f.get('no'), f.getAll('a'), f.has('f')] },
  async () => { const r = new Response(form()); const text = await r.clone().text(); const back = await r.formData(); return [/^multipart\/form-data; boundary=/.test(r.headers.get('content-type')), text.split('\r\n').filter((line) => !line.startsWith('--')), back.get('f').name, await back.get('f').text(), back.getAll('a')] },
  async () => [...(await new Response(new URLSearchParams('a=1&b=%20')).formData())], async () => new Response('x', { headers: { 'content-type': 'text/plain' } }).formData(),
  async () => { const r = new Request('http://h/', { method: 'POST', body: new Blob(['{}'], { type: 'application/json' }) }); return [r.headers.get('content-type'), await r.json(), r.bodyUsed] },
  async () => { const b = await new Response('hi', { headers: { 'content-type': 'a/b' } }).blob(); return [b.type, b.size] },
  async () => { const r = new Response('héllo'); const chunks = await read(r.body); return [chunks.map((chunk) => chunk instanceof Uint8Array), new TextDecoder().decode(chunks[0]), r.bodyUsed] },
  async () => { const r = new Response('x'); await r.text(); return r.text() }, () => new Response().body, () => new Response('x').body.locked, async () => { const r = new Response('abc'); const c = r.clone(); return [await r.text(), await c.text()] },
  async () => new Response(source(bytes('ab'), bytes('c'))).text(), async () => { const r = new Response(source(bytes('ab'))); const c = r.clone(); return [await c.text(), await r.text()] }, async () => new Response(source('text')).text(),
  async () => { const r = new Response(source(bytes('{"a":1}'))); const before = r.bodyUsed; return [await r.json(), before, r.bodyUsed] },
  async () => { const reader = new Response('abc').body.getReader(); const first = await reader.read(); return [first.value.length, (await reader.read()).done] },
  async () => read(source(1, 2, 3)), async () => read(ReadableStream.from(['a', 'b'])), async () => { const s = source(1); s.getReader(); return s.getReader() }, async () => { const seen = []; for await (const x of source(1, 2)) { seen.push(x); break } return seen },
  async () => { let n = 0; const s = new ReadableStream({ pull(c) { n++; n > 3 ? c.close() : c.enqueue(n) } }); return [await read(s), n] }, async () => { let n = 0; const s = new ReadableStream({ async pull(c) { await 1; n++; c.enqueue(n) } }, { highWaterMark: 2 }); await new Promise((r) => setTimeout(r, 20)); const b = n; const r = s.getReader(); await r.read(); await new Promise((r) => setTimeout(r, 20)); return [b, n] },
  async () => { let why; const s = new ReadableStream({ cancel(reason) { why = reason } }); await s.cancel('enough'); return why }, async () => read(new ReadableStream({ start(c) { c.enqueue(1); c.error(new RangeError('x')) } })), async () => { const s = new ReadableStream({ start(c) { c.close(); c.enqueue(1) } }); return read(s) },
  async () => { const [a, b] = source(1, 2).tee(); return [await read(a), await read(b)] }, async () => { const seen = []; await source(1, 2).pipeTo(new WritableStream({ write(x) { seen.push(x) }, close() { seen.push('closed') } })); return seen },
  async () => read(source(1, 2).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2); c.enqueue(x) }, flush(c) { c.enqueue('end') } }))), async () => read(source('a').pipeThrough(new TransformStream())),
  async () => read(source(1).pipeThrough(new TransformStream({ transform() { throw new RangeError('x') } }))), async () => { const w = new WritableStream({ write() { throw new RangeError('x') } }).getWriter(); return w.write(1) },
  async () => { const seen = []; const w = new WritableStream({ async write(x) { await 1; seen.push(x) } }).getWriter(); w.write(1); w.write(2); await w.close(); return [seen, await w.closed] },
  async () => (await read(source('é').pipeThrough(new TextEncoderStream()))).map((x) => [...x]), async () => read(source(bytes('é').slice(0, 1), bytes('é').slice(1)).pipeThrough(new TextDecoderStream())), () => typeof require('stream/web').ReadableStream,
  () => date(), () => when.toLocaleString('en-US', { timeZone: 'UTC' }), () => when.toLocaleDateString('en-US', { timeZone: 'UTC' }), () => when.toLocaleTimeString('en-US', { timeZone: 'UTC' }), () => when.toLocaleTimeString('en-US', { timeZone: 'UTC', hour: '2-digit', minute: '2-digit' }),
  () => when.toLocaleDateString('en-US', { timeZone: 'America/New_York', weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }), () => new Date(NaN).toLocaleString(), () => new Intl.DateTimeFormat('en-US').format(NaN),
  ...['full', 'long', 'medium', 'short'].map((style) => () => [date({ dateStyle: style }), date({ timeStyle: style }), date({ dateStyle: style, timeStyle: 'short' })]),
  ...[{ month: 'long', day: 'numeric', year: 'numeric', hour: 'numeric', minute: '2-digit' }, { hour: '2-digit', minute: '2-digit', hour12: false }, { hour: 'numeric', hour12: true }, { hour: 'numeric', minute: 'numeric', hourCycle: 'h23' }, { weekday: 'short', day: 'numeric' }, { weekday: 'long' }, { month: 'short', year: 'numeric' }, { month: '2-digit', day: '2-digit', year: 'numeric' },
    { weekday: 'short', month: 'numeric', day: 'numeric' }, { weekday: 'short', month: 'short', day: 'numeric' }, { timeZoneName: 'short' }, { year: '2-digit', month: 'short' }, { minute: 'numeric', second: 'numeric' }, { hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 }, { month: 'short', day: 'numeric', hour: 'numeric' }, { weekday: 'short', hour: 'numeric', minute: 'numeric' }, { year: 'numeric' }, { month: 'narrow' },
    { hour: 'numeric', timeZone: 'Europe/Berlin', timeZoneName: 'short' }, { hour: 'numeric', minute: 'numeric', timeZone: 'America/New_York', timeZoneName: 'short' }, { dateStyle: 'short', timeStyle: 'long', timeZone: 'Asia/Kolkata' }, { timeZone: 'Nowhere/Land' }, { month: 'huge' }, { dateStyle: 'full', month: 'long' }].map((options) => () => date(options)),
  () => date({ timeZone: 'Europe/Berlin', timeStyle: 'short' }, new Date(Date.UTC(2026, 6, 1))), () => date({ hour: 'numeric', hour12: false }, new Date(0)), () => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).formatToParts(when), () => new Intl.DateTimeFormat('en-US', { timeZone: 'Europe/Paris' }).resolvedOptions().timeZone,
  () => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', hour: 'numeric', hour12: true }).resolvedOptions().hourCycle, () => ['en', 'en-US'].map((x) => Intl.DateTimeFormat(x, { timeZone: 'UTC' }).format(when)), () => new Intl.DateTimeFormat('not a locale'),
  ...[0, -0, 5, 1234.5, -1234567.891, 1.005, 2.5, 1e21, NaN, -Infinity, 123456789012345680000n].map((value) => () => [number(value), value.toLocaleString('en-US'), number(value, { maximumFractionDigits: 0 }), number(value, { minimumFractionDigits: 2 })]),
  ...[{ style: 'percent' }, { style: 'percent', maximumFractionDigits: 1 }, { style: 'currency', currency: 'USD' }, { style: 'currency', currency: 'jpy' }, { style: 'currency', currency: 'CHF' }, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }, { style: 'currency', currency: 'CAD', currencyDisplay: 'narrowSymbol' }, { style: 'currency', currency: 'USD', currencyDisplay: 'code' }, { style: 'currency' },
    { useGrouping: false }, { notation: 'compact' }, { notation: 'compact', maximumFractionDigits: 1 }, { maximumSignificantDigits: 3 }, { minimumIntegerDigits: 2 }, { signDisplay: 'always' }, { signDisplay: 'exceptZero' }, { maximumFractionDigits: 2, minimumFractionDigits: 5 }, { minimumFractionDigits: 101 }].map((options) => () => [0.256, 12, 1234.567, -98765.4321, 1500000].map((value) => number(value, options))),
  () => new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).formatToParts(-1234.5), () => [1, 2, 0, 1.5].map((n) => new Intl.PluralRules('en').select(n)), () => [1, 2, 3, 4, 11, 12, 21, 102].map((n) => new Intl.PluralRules('en', { type: 'ordinal' }).select(n)),
  () => [[-1, 'day'], [2, 'weeks'], [1, 'hour'], [-3, 'month']].map(([n, unit]) => new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(n, unit)), () => new Intl.RelativeTimeFormat('en').format(-1, 'day'), () => new Intl.RelativeTimeFormat('en').format(1, 'eon'),
  () => [[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((list) => ['conjunction', 'disjunction', 'unit'].map((type) => new Intl.ListFormat('en', { type }).format(list))), () => ['b', 'a', 'B', 'A', 'ä', 'z', '1', '10', '2', 'a b', 'ab'].sort(new Intl.Collator('en').compare), () => ['x10', 'x9', 'x1'].sort(new Intl.Collator('en', { numeric: true }).compare),
  () => ['a'.localeCompare('B'), 'a'.localeCompare('A'), 'a'.localeCompare('á', 'en', { sensitivity: 'base' }), 'x'.localeCompare('x')], () => [1234.5, when.getTime() > 0].toLocaleString(), () => Intl.DateTimeFormat.supportedLocalesOf(['en-GB']), () => typeof Intl, () => Object.prototype.toString.call(Intl),
  () => { const seen = []; const c = new AbortController(); AbortSignal.any([c.signal, AbortSignal.timeout(10000)]).onabort = () => seen.push('any'); c.abort(); return seen }, () => typeof performance.now() + typeof performance.timeOrigin, () => crypto.getRandomValues(new Uint8Array(4)).length, () => /^[0-9a-f-]{36}$/.test(crypto.randomUUID()),
]
return { body: JSON.stringify(await Promise.all(tests.map(show))) }
