-- The code of a plugin, for Node.js and for browsers. Only the vendor's command line reads it: it makes a plugin a part of
-- the code of the bots that have it.
CREATE TABLE plugin_code (
    package_seq INTEGER PRIMARY KEY REFERENCES packages (seq) ON DELETE CASCADE,
    node        TEXT NOT NULL,
    browser     TEXT NOT NULL
) STRICT;

-- The interfaces that a plugin needs, as its definition has them.
CREATE TABLE plugin_interfaces (
    package_seq  INTEGER NOT NULL REFERENCES packages (seq) ON DELETE CASCADE,
    alias        TEXT NOT NULL,
    interface_id TEXT NOT NULL,
    PRIMARY KEY (package_seq, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX plugin_interfaces_by_interface ON plugin_interfaces (interface_id);

-- A plugin in a bot. `bindings` names the installations that provide what the plugin needs. `configuration` is sealed
-- for the bot's id, a slash and the alias. The definition of the bot (`bots.revision`) changes with these rows.
CREATE TABLE bot_plugins (
    agent_seq     INTEGER NOT NULL REFERENCES agents (seq) ON DELETE CASCADE,
    alias         TEXT NOT NULL,
    package_seq   INTEGER NOT NULL REFERENCES packages (seq) ON DELETE CASCADE,
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    configuration BLOB,
    bindings      TEXT NOT NULL CHECK (json_valid(bindings)),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (agent_seq, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_plugins_by_package ON bot_plugins (package_seq);
