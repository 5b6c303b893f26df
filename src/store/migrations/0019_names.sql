-- A name of integrations belongs to one workspace: the first that publishes it, for good, or else the
-- first that has it, as long as it is there. Webhooks that all installations share are addressed by name,
-- the hub is read by name. No reference leads to the workspace: a published name outlives it, so that
-- those who have installed what was published are never given the code of somebody else.
CREATE TABLE integration_names (
    name         TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    published    INTEGER NOT NULL CHECK (published IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX integration_names_by_workspace ON integration_names (workspace_id);
CREATE INDEX integrations_of_name ON integrations (name, seq);

-- Published: the program itself first, then the workspace of the oldest public version.
INSERT INTO integration_names (name, workspace_id, published)
SELECT name, workspace_id, 1 FROM (
    SELECT name, workspace_id,
           row_number() OVER (PARTITION BY name ORDER BY built_in DESC, seq) AS place
    FROM integrations WHERE public = 1 OR built_in = 1)
WHERE place = 1;
-- Others: the oldest that is installed, then the oldest; none where the handle of another workspace
-- stands before the slash.
INSERT INTO integration_names (name, workspace_id, published)
SELECT name, workspace_id, 0 FROM (
    SELECT name, workspace_id, row_number() OVER (
        PARTITION BY name
        ORDER BY EXISTS (SELECT 1 FROM bot_integrations
                         WHERE integration_seq = integrations.seq AND enabled) DESC, seq) AS place
    FROM integrations
    WHERE NOT EXISTS (
        SELECT 1 FROM workspaces AS other
        WHERE instr(integrations.name, '/') > 0
          AND other.handle = lower(substr(integrations.name, 1, instr(integrations.name, '/') - 1))
          AND other.id <> integrations.workspace_id))
WHERE place = 1
ON CONFLICT (name) DO NOTHING;

-- Public versions of others are theirs alone from now on. Bots that have them keep them.
INSERT INTO integration_logs (integration_seq, at, level, message)
SELECT integrations.seq, unixepoch() * 1000000, 'warn',
       'This version is public no more: the name ' || integrations.name || ' belongs to another workspace'
FROM integrations JOIN integration_names AS owned ON owned.name = integrations.name
WHERE integrations.public = 1 AND integrations.workspace_id <> owned.workspace_id;
UPDATE integrations SET public = 0
WHERE public = 1 AND workspace_id <> (
    SELECT owned.workspace_id FROM integration_names AS owned WHERE owned.name = integrations.name);

-- From now on an integration is written as `workspace/name` in these columns: its versions share what
-- they name, and integrations of that name of other workspaces have no part in it. In `states` it is the
-- integration whose state it is (0009), else the one that made the row; null for one that the bot, a
-- person or another dialect made.
UPDATE states SET integration = coalesce(
    (SELECT found.workspace_id
     FROM bot_integrations JOIN integrations AS found ON found.seq = bot_integrations.integration_seq
     WHERE bot_integrations.agent_seq = states.agent_seq AND found.name = states.integration
     ORDER BY bot_integrations.enabled DESC, bot_integrations.removed_at IS NULL DESC,
              bot_integrations.seq LIMIT 1),
    (SELECT workspace_id FROM integration_names WHERE name = states.integration AND published),
    (SELECT workspace_id FROM agents WHERE seq = states.agent_seq)) || '/' || integration
WHERE integration <> '';

ALTER TABLE bot_files ADD COLUMN integration TEXT;
CREATE INDEX bot_files_by_integration ON bot_files (agent_seq, integration) WHERE integration IS NOT NULL;

ALTER TABLE end_users ADD COLUMN integration TEXT;
-- Who made a user was not kept: the integration whose tags it has, else the one whose chat it uses, else
-- the one through which its first conversation goes.
UPDATE end_users SET integration = coalesce(
    (SELECT found.workspace_id || '/' || found.name
     FROM user_tags
     JOIN bot_integrations ON bot_integrations.agent_seq = user_tags.agent_seq
     JOIN integrations AS found ON found.seq = bot_integrations.integration_seq
     WHERE user_tags.of_seq = end_users.seq
       AND found.name = substr(user_tags.name, 1, instr(user_tags.name, ':') - 1)
     ORDER BY bot_integrations.enabled DESC, bot_integrations.seq LIMIT 1),
    (SELECT found.workspace_id || '/' || found.name
     FROM webchat_users
     JOIN bot_integrations ON bot_integrations.agent_seq = webchat_users.agent_seq
     JOIN integrations AS found ON found.seq = bot_integrations.integration_seq AND found.built_in
     WHERE webchat_users.user_seq = end_users.seq
     ORDER BY bot_integrations.seq LIMIT 1),
    (SELECT found.workspace_id || '/' || found.name
     FROM conversation_participants AS taking
     JOIN conversations ON conversations.seq = taking.conversation_seq
     JOIN bot_integrations ON bot_integrations.agent_seq = conversations.agent_seq
     JOIN integrations AS found ON found.seq = bot_integrations.integration_seq
         AND found.name = conversations.integration
     WHERE taking.user_seq = end_users.seq
     ORDER BY taking.conversation_seq, bot_integrations.enabled DESC, bot_integrations.seq LIMIT 1))
WHERE agent_id IN (
    SELECT agents.id FROM agents JOIN bot_integrations ON bot_integrations.agent_seq = agents.seq);
CREATE INDEX end_users_by_integration ON end_users (agent_id, integration) WHERE integration IS NOT NULL;
