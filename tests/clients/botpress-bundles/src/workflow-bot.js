// A bot with workflows (SDK 7): one of three rounds that counts them in a state, one that fails, and one that is late.
export default (sdk) => {
  const bot = new sdk.Bot({ actions: {}, plugins: {} })
  const round = async ({ workflow, client }) => {
    await workflow.acknowledgeStartOfProcessing()
    const key = { type: 'workflow', id: workflow.id, name: 'count' }
    const { state } = await client.getOrSetState({ ...key, payload: { rounds: 0 } })
    const rounds = state.payload.rounds + 1
    await client.setState({ ...key, payload: { rounds } })
    if (rounds < workflow.input.rounds) return
    await workflow.setCompleted({ output: { rounds, user: workflow.tags.for } })
  }
  bot.on.workflowStart('count', round)
  bot.on.workflowContinue('count', round)
  bot.on.workflowStart('fail', async ({ workflow }) => {
    await workflow.acknowledgeStartOfProcessing()
    await workflow.setFailed({ failureReason: `no ${workflow.input.thing}` })
  })
  bot.on.workflowStart('late', async ({ workflow }) => {
    await workflow.update({ status: 'listening', timeoutAt: new Date(Date.now() + 500).toISOString() })
  })
  bot.on.workflowTimeout('late', async ({ workflow }) => {
    await workflow.setFailed({ failureReason: 'it took too long' })
  })
  return bot
}
