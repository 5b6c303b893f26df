// node:async_hooks: the parts that libraries probe for. Only Node.js has context that follows promises.
class AsyncResource {
  constructor(type) { this.type = type }
  runInAsyncScope(run, self, ...values) { return run.apply(self, values) }
  emitDestroy() { return this }
  asyncId() { return 1 }
  triggerAsyncId() { return 0 }
  bind(run, self) { return run.bind(self) }
  static bind(run, type, self) { return run.bind(self) }
}
const hook = { enable() { return hook }, disable() { return hook } }
function AsyncLocalStorage() { host.unsupported('async_hooks.AsyncLocalStorage') }
module.exports = {
  AsyncResource,
  AsyncLocalStorage,
  createHook: () => hook,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
}
