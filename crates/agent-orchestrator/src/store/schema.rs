//! Tables, triggers and the roster.

use ramanujan_shell::Schema;

/// Statements in the order they came; append only.
pub(super) const SCHEMA: Schema = Schema {
    name: "orchestrator",
    statements: &[
        AGENTS,
        MESSAGES,
        WAITING,
        SENT,
        OUTBOX,
        AGENT_ADDED,
        AGENT_CHANGED,
        AGENT_REMOVED,
        MESSAGE_ARRIVED,
        ROSTER,
    ],
};

/// `registration` is a token of the present registration, NULL where there is none; `fresh` says whether the last
/// statement that registered the agent was the first to.
const AGENTS: &str = "CREATE TABLE IF NOT EXISTS orchestrator_agents (
    agent_id TEXT NOT NULL PRIMARY KEY,
    node_id TEXT NOT NULL,
    mathematician TEXT,
    polarity TEXT NOT NULL,
    address TEXT,
    role TEXT,
    neighbors TEXT,
    region TEXT,
    seeded INTEGER NOT NULL,
    registration TEXT,
    fresh INTEGER NOT NULL DEFAULT 0,
    registered_at INTEGER,
    last_heartbeat INTEGER,
    vector_clock TEXT NOT NULL DEFAULT '{}',
    egraph_nodes INTEGER NOT NULL DEFAULT 0
)";

/// A row stays for good, because its id is what makes a redelivery harmless; the payload goes once acknowledged.
const MESSAGES: &str = "CREATE TABLE IF NOT EXISTS orchestrator_messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    msg_type TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    receiver_id TEXT,
    subject TEXT,
    sent_at INTEGER,
    received_at INTEGER NOT NULL,
    payload TEXT,
    payload_size INTEGER NOT NULL,
    vector_clock TEXT NOT NULL,
    acks TEXT,
    event_type TEXT NOT NULL,
    acknowledged_at INTEGER
)";

const WAITING: &str = "CREATE INDEX IF NOT EXISTS orchestrator_messages_waiting
    ON orchestrator_messages (receiver_id, acknowledged_at, msg_type)";

const SENT: &str =
    "CREATE INDEX IF NOT EXISTS orchestrator_messages_sent ON orchestrator_messages (sender_id)";

/// Events that the timeline is owed. (type, agent_id, token) is what an event's id derives from.
const OUTBOX: &str = "CREATE TABLE IF NOT EXISTS orchestrator_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    token TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    refused TEXT
)";

const AGENT_ADDED: &str = "CREATE TRIGGER IF NOT EXISTS orchestrator_agent_added
    AFTER INSERT ON orchestrator_agents WHEN NEW.registration IS NOT NULL
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES ('AgentRegistered', NEW.agent_id, NEW.registration, NEW.registered_at,
            json_object('operation', 'register', 'payload', json_object('polarity', NEW.polarity)));
    END";

/// An agent of the roster that comes or goes keeps its row.
const AGENT_CHANGED: &str = "CREATE TRIGGER IF NOT EXISTS orchestrator_agent_changed
    AFTER UPDATE OF registration ON orchestrator_agents WHEN NEW.registration IS NOT OLD.registration
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        SELECT 'AgentRegistered', NEW.agent_id, NEW.registration, NEW.registered_at,
            json_object('operation', 'register', 'payload', json_object('polarity', NEW.polarity))
        WHERE NEW.registration IS NOT NULL;
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        SELECT 'AgentDeregistered', NEW.agent_id, OLD.registration, unixepoch() * 1000,
            json_object('operation', 'deregister')
        WHERE NEW.registration IS NULL;
    END";

const AGENT_REMOVED: &str = "CREATE TRIGGER IF NOT EXISTS orchestrator_agent_removed
    AFTER DELETE ON orchestrator_agents WHEN OLD.registration IS NOT NULL
    BEGIN
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES ('AgentDeregistered', OLD.agent_id, OLD.registration, unixepoch() * 1000,
            json_object('operation', 'deregister'));
    END";

/// The sender's clock is joined, its heartbeat counts, what it acknowledges is settled, the timeline gets its event.
const MESSAGE_ARRIVED: &str = "CREATE TRIGGER IF NOT EXISTS orchestrator_message_arrived
    AFTER INSERT ON orchestrator_messages
    BEGIN
        UPDATE orchestrator_agents SET vector_clock = (
            SELECT json_group_object(key, seq) FROM (
                SELECT key, MAX(value) AS seq FROM (
                    SELECT key, value FROM json_each(orchestrator_agents.vector_clock)
                    UNION ALL SELECT key, value FROM json_each(NEW.vector_clock)
                ) GROUP BY key ORDER BY key))
        WHERE agent_id = NEW.sender_id AND NEW.vector_clock <> '{}';
        UPDATE orchestrator_agents SET
            registration = COALESCE(registration, lower(hex(randomblob(16)))),
            registered_at = COALESCE(registered_at, NEW.received_at),
            last_heartbeat = MAX(COALESCE(last_heartbeat, 0), NEW.received_at)
        WHERE agent_id = NEW.sender_id AND NEW.msg_type = 'Heartbeat';
        UPDATE orchestrator_messages SET acknowledged_at = NEW.received_at, payload = NULL
        WHERE NEW.acks IS NOT NULL AND receiver_id = NEW.sender_id AND acknowledged_at IS NULL
            AND message_id IN (SELECT value FROM json_each(NEW.acks));
        INSERT INTO orchestrator_outbox (type, agent_id, token, at, event)
        VALUES (NEW.event_type, COALESCE(NEW.receiver_id, NEW.sender_id), NEW.message_id || ' ' || NEW.digest,
            NEW.received_at,
            json_object('operation', NEW.msg_type, 'from', NEW.sender_id, 'to', NEW.receiver_id,
                'vector_clock', json(NEW.vector_clock), 'payload_size', NEW.payload_size));
    END";

/// The nine agents of the guides with a random UUID (version 4) each, none of them here yet.
const ROSTER: &str = "INSERT INTO orchestrator_agents
    (agent_id, mathematician, polarity, address, role, seeded, node_id)
    SELECT column1, column2, column3, column4, column5, 1,
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
            || substr('89AB', (random() & 3) + 1, 1) || substr(hex(randomblob(2)), 2) || '-'
            || hex(randomblob(6)))
    FROM (VALUES
        ('0', 'Ramanujan', 'positive', '000', 'insert, TextCRDT'),
        ('1', 'Grothendieck', 'neutral', '010', 'JSON merge'),
        ('2', 'Euler', 'negative', '020', 'set delete'),
        ('3', 'de Paiva', 'neutral', '100', 'counter update'),
        ('4', 'Hedges', 'positive', '110', 'e-graph verification'),
        ('5', 'Girard', 'negative', '120', 'TAP union'),
        ('6', 'Spivak', 'positive', '200', 'snapshot'),
        ('7', 'Lawvere', 'neutral', '210', 'recover, rollback'),
        ('8', 'Scholze', 'negative', '220', 'invalidate, Möbius'))
    WHERE true ON CONFLICT (agent_id) DO NOTHING";
