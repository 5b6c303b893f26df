// An integration of the shape of Slack: a wizard behind the link that the installation shows, OAuth at the
// service, one webhook that all installations share, and signed requests.
import { createHmac, timingSafeEqual } from 'node:crypto'
import axios from 'axios'

const text = { type: 'object', properties: { text: { type: 'string' } } }
const account = { type: 'object', properties: { token: { type: 'string' }, team: { type: 'string' } } }

export const definition = {
  name: 'slack-shaped',
  version: '1.0.0',
  configuration: {
    schema: { type: 'object', properties: { api: { type: 'string' } } },
    identifier: {
      required: true,
      linkTemplateScript: `webhookId = to_string!(.webhookId)
webhookUrl = to_string!(.webhookUrl)
"{{ webhookUrl }}/oauth/wizard/start?state={{ webhookId }}"`,
    },
  },
  identifier: {
    extractScript: 'parse_json!(.body).team_id',
    fallbackHandlerScript: 'challenge = parse_json!(.body).challenge\n{ "body": encode_json({ "challenge": challenge }) }',
  },
  states: { account: { type: 'integration', schema: account } },
  channels: { channel: { messages: { text: { schema: text } }, conversation: { tags: { id: {} } } } },
  user: { tags: { id: {} } },
  secrets: { SIGNING_SECRET: 'shh', CLIENT_ID: 'client-1', CLIENT_SECRET: 'client-secret' },
}

const redirect = (location, headers = {}) => ({ status: 303, headers: { location, ...headers } })

function isSigned(req) {
  const time = req.headers['x-slack-request-timestamp']
  const made = createHmac('sha256', process.env.SECRET_SIGNING_SECRET).update(`v0:${time}:${req.body}`).digest('hex')
  const given = Buffer.from(req.headers['x-slack-signature'] ?? '')
  const right = Buffer.from(`v0=${made}`)
  return given.length === right.length && timingSafeEqual(given, right)
}

async function wizard({ req, ctx, client }) {
  const query = new URLSearchParams(req.query)
  const back = `${process.env.BP_WEBHOOK_URL}/oauth`
  if (req.path === '/oauth/wizard/start') {
    const next = new URL(`/oauth/wizard/authorize?state=${ctx.webhookId}`, process.env.BP_WEBHOOK_URL)
    return { status: 200, headers: { 'content-type': 'text/html' }, body: `<a href="${next}">Go on</a>` }
  }
  if (req.path === '/oauth/wizard/authorize') {
    const asked = new URLSearchParams({ client_id: process.env.SECRET_CLIENT_ID, state: ctx.webhookId, redirect_uri: back })
    return redirect(`${ctx.configuration.api}/oauth/v2/authorize?${asked}`)
  }
  const asked = { code: query.get('code'), client_secret: process.env.SECRET_CLIENT_SECRET }
  const { data } = await axios.post(`${ctx.configuration.api}/oauth.v2.access`, asked)
  const payload = { token: data.access_token, team: data.team.id }
  await client.setState({ type: 'integration', id: ctx.integrationId, name: 'account', payload })
  const end = `${process.env.BP_WEBHOOK_URL.replace('webhook', 'app')}/oauth/interstitial?success=true`
  return redirect(end, { 'x-bp-integration-identifier': data.team.id, 'x-bp-disable-interstitial': 'true' })
}

export default (sdk) =>
  new sdk.Integration({
    register: async () => {},
    unregister: async () => {},
    actions: {},
    channels: {
      channel: {
        messages: {
          text: async ({ payload, conversation, ctx, client }) => {
            const { state } = await client.getState({ type: 'integration', id: ctx.integrationId, name: 'account' })
            const headers = { authorization: `Bearer ${state.payload.token}` }
            await axios.post(`${ctx.configuration.api}/chat.postMessage`, { channel: conversation.tags.id, text: payload.text }, { headers })
          },
        },
      },
    },
    handler: async (props) => {
      const { req, client } = props
      if (req.path.startsWith('/oauth')) return wizard(props)
      if (!isSigned(req)) return { status: 401, body: 'bad signature' }
      const { event } = JSON.parse(req.body)
      const { conversation } = await client.getOrCreateConversation({ channel: 'channel', tags: { id: event.channel } })
      const { user } = await client.getOrCreateUser({ tags: { id: event.user } })
      const payload = { text: event.text }
      await client.createMessage({ conversationId: conversation.id, userId: user.id, type: 'text', tags: {}, payload })
    },
  })
