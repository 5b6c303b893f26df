// The program under test, and the few calls of its API that the tests make themselves.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { startProgram } from '../../../program.mjs'

export const TOKEN = 'bp_pat_cli_key'
export const WORKSPACE = '11111111-1111-1111-aaaa-111111111111'
export const SECRET = 'cli-signing-secret'

export async function startServer(settings = {}) {
  const server = await startProgram({ PARLANCE_BOOTSTRAP__BOTPRESS_PAT: TOKEN, ...settings }, 'ignore')
  const call = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'x-workspace-id': WORKSPACE, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const value = await answer.json()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`)
    return value
  }
  return Object.assign(server, { call })
}

/** Posts to the webhook of the integration, signed. */
export function post(webhookUrl, body, secret = SECRET) {
  const text = JSON.stringify(body)
  const signature = createHmac('sha256', secret).update(text).digest('hex')
  return fetch(webhookUrl, { method: 'POST', headers: { 'x-signature': signature }, body: text })
}

/** Asks until what `check` returns is true. */
export async function until(what, check, seconds = 30) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const found = await check()
    if (found) return found
    if (Date.now() > end) throw new Error(`no ${what} within ${seconds} s`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

/** The only installation of a bot, once it has registered. */
export function installation(server, botId) {
  return until('installation that has registered', async () => {
    const { bot } = await server.call('GET', `/v1/admin/bots/${botId}`)
    const [found] = Object.values(bot.integrations)
    assert.notEqual(found.status, 'registration_failed', found.statusReason)
    return found.status === 'registered' && found
  })
}
