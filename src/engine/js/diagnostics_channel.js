// node:diagnostics_channel without subscribers.
class Channel {
  constructor(name) { this.name = name }
  get hasSubscribers() { return false }
  publish() {}
  subscribe() {}
  unsubscribe() { return false }
  bindStore() {}
  unbindStore() { return false }
  runStores(context, run, self, ...values) { return run.apply(self, values) }
}
const channels = new Map()
const channel = (name) => {
  if (!channels.has(name)) channels.set(name, new Channel(name))
  return channels.get(name)
}
const tracingChannel = (name) => ({
  ...Object.fromEntries(['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((part) => [part, channel(`tracing:${name}:${part}`)])),
  hasSubscribers: false,
  subscribe() {},
  unsubscribe() { return false },
  traceSync: (run, context, self, ...values) => run.apply(self, values),
  tracePromise: (run, context, self, ...values) => run.apply(self, values),
  traceCallback: (run, position, context, self, ...values) => run.apply(self, values),
})
module.exports = { Channel, channel, tracingChannel, hasSubscribers: () => false, subscribe() {}, unsubscribe: () => false }
