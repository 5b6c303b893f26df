import { IntegrationDefinition, z } from '@botpress/sdk'

export default new IntegrationDefinition({
  name: 'relay',
  version: '0.1.0',
  title: 'Relay',
  description: 'Passes messages on between a webhook and an address outside',
  icon: 'icon.svg',
  readme: 'hub.md',
  configuration: {
    schema: z.object({ outside: z.string().describe('Where the messages of the bot are posted') }),
  },
  channels: {
    channel: {
      conversation: { tags: { id: { title: 'Conversation', description: 'The conversation outside' } } },
      message: { tags: { id: { title: 'Message', description: 'The message outside' } } },
      messages: { text: { schema: z.object({ text: z.string() }) } },
    },
  },
  user: { tags: { id: { title: 'User', description: 'The user outside' } } },
  actions: {
    shout: {
      title: 'Shout',
      input: { schema: z.object({ text: z.string() }) },
      output: { schema: z.object({ text: z.string() }) },
    },
  },
  secrets: { SIGNING: { description: 'What webhooks are signed with' } },
})
