//! Every code a problem document may carry, with its status, what it means and what the caller can do.
//!
//! The one table: a new refusal is a new row. `docs/problems.md` is made from it. Codes are stable, because programs
//! decide by them; details are for people and may change. Statuses are those of RFC 9110 §15.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $meaning:literal $remedy:literal)+) => {
        /// The stable name of a problem.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The name as documents carry it, e.g. `dot-conflict`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)+ }
            }

            /// What has happened.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)+ }
            }

            /// What the caller can do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$variant => $remedy,)+ }
            }
        }
    };
}

codes! {
    // any component
    MalformedJson "malformed-json" 400 "The body is not JSON, or not UTF-8." "Send JSON; the detail gives line and column."
    InvalidJson "invalid-json" 422 "The body is JSON of another form than the route takes." "Correct the member that the detail names."
    InvalidHeader "invalid-header" 400 "A header that the route reads holds other than printable ASCII." "Send the header in printable ASCII."
    InvalidPath "invalid-path" 422 "A part of the path is not of its form." "Correct the part that the detail names."
    InvalidParameter "invalid-parameter" 422 "A query parameter is not of its form." "Correct the parameter that the detail names."
    MissingParameter "missing-parameter" 422 "A query parameter that the route needs is missing." "Add the parameter that the detail names."
    UnknownParameter "unknown-parameter" 422 "The route does not know a query parameter." "Leave it out, or use one of the names in the detail."
    RepeatedParameter "repeated-parameter" 422 "A query parameter is given twice." "Give it once."
    NoSuchRoute "no-such-route" 404 "The component has no such path." "Ask GET on the component's base path for its routes."
    MethodNotAllowed "method-not-allowed" 405 "The path takes other methods." "Use a method of the Allow header."
    BodyTooLarge "body-too-large" 413 "The body exceeds MAX_BODY_BYTES." "Send it in smaller parts."
    BodyUnreadable "body-unreadable" 400 "The body broke off." "Send the request again."
    BadRequest "bad-request" 400 "The request cannot be read as HTTP." "Correct what the detail names."
    BadTarget "bad-target" 400 "The request target is not a URI." "Encode the path and the query by percent signs."
    TargetTooLong "target-too-long" 414 "The path and the query are longer than the server reads." "Put what is long into the body: a version into that of POST /crdt/{document}/recover."
    HeadTooLarge "head-too-large" 431 "The request's target and header fields are longer than the server reads." "Send what is long in the body."
    NotImplemented "not-implemented" 501 "The route is declared and not built yet." "Do without it for now."
    NotAcceptable "not-acceptable" 406 "None of the media types that the client accepts can be given." "Accept one of those in the detail."
    NoSuchFile "no-such-file" 404 "The component serves no such file." "Start at the component's page."
    UnreadableFile "unreadable-file" 500 "A file that comes with the component cannot be read." "Build again; the manifest's files may be missing."
    InvalidSetting "invalid-setting" 500 "A variable of the component is set to a value that it cannot use." "The operator corrects the variable that the detail names."
    Encoding "encoding" 500 "A reply could not be written." "Report it: this is a defect."
    StoreUnavailable "store-unavailable" 503 "The database refused or did not answer." "Try again; the component's log says why."
    StoreShape "store-shape" 500 "A stored row does not have the form that this version writes." "The operator restores the database, or runs the version that wrote it."
    StoreCorrupt "store-corrupt" 500 "What is stored contradicts itself." "The operator restores the database from a backup."
    ComponentUnreachable "component-unreachable" 502 "Another component did not answer." "Try again; see the component's health."
    ComponentReply "component-reply" 502 "Another component's reply could not be read." "Run all components at one version."
    ComponentRefused "component-refused" 502 "Another component refused its part of the request." "See the members of the document, which are the other component's."
    ComponentCall "component-call" 500 "A request to another component could not be made." "Report it: this is a defect."
    EventNotRecorded "event-not-recorded" 503 "The request took effect, and the timeline has not recorded it." "Repeat the request: it takes effect once."

    Unhealthy "unhealthy" 503 "The component cannot do its work." "The operator mends what reason and the log say."

    // the host
    NoRoute "no-route" 404 "No component answers the path." "Use a path of the manifest; the host lists them when it starts."
    InvalidHost "invalid-host" 400 "The Host header is missing, repeated or not a host." "Send one Host header."
    NotReady "not-ready" 503 "What was asked for is still being prepared." "Try again in a moment."
    Overloaded "overloaded" 503 "No instance is free." "Try again later, or raise the host's limits."
    TimeLimit "time-limit" 504 "The component took longer than the host allows." "Ask for less, or raise the host's limit."
    MemoryLimit "memory-limit" 500 "The component reached the host's memory limit." "Ask for less, or raise the host's limit."
    ComponentFailed "component-failed" 500 "The component stopped without an answer." "Try again; the log has the reason."
    StartFailed "start-failed" 500 "The component could not be started." "See the host's log."
    NoComponent "no-component" 500 "The route's component is not loaded." "See what the host said when it started."

    // operations
    InvalidOperation "invalid-operation" 422 "The operation is not one of its type, or its fields are wrong." "Correct the field that the detail names."
    UnknownOperation "unknown-operation" 422 "There is no operation of this name." "Use one of the names in allowed."
    WrongColor "wrong-color" 409 "The operation belongs to the stream of another colour." "Send it to the stream that the detail names."
    OneAtATime "one-at-a-time" 422 "The route takes one operation in a request." "Send them one by one."
    EmptyBatch "empty-batch" 422 "The batch holds nothing." "Send at least one entry."
    BatchTooLarge "batch-too-large" 413 "The batch holds more than MAX_BATCH entries." "Send smaller batches."
    InvalidIdempotencyKey "invalid-idempotency-key" 422 "The Idempotency-Key is not 1 to 255 printable ASCII characters." "Use such a key, for instance a UUID."
    DotConflict "dot-conflict" 409 "The agent's number is taken by an operation of other content." "Use the agent's next number, or another agent id."
    SeqGap "seq-gap" 422 "The agent's operation before this one is not stored." "Send the operations in order."
    SeqInPast "seq-in-past" 422 "The parents already contain this number of the agent." "Use expected_seq."
    AgentNotSequential "agent-not-sequential" 422 "The parents do not contain the agent's operation before this one." "Give a replica that edits two versions two agent ids."
    UnknownParent "unknown-parent" 422 "A parent of the operation is not stored." "Send the parent first."
    PositionOutOfRange "position-out-of-range" 422 "The position lies beyond the text at the operation's parents." "Use a position up to the text's length there."
    DocumentTooLong "document-too-long" 422 "The document would exceed its largest length." "Begin another document."
    DocumentTooLarge "document-too-large" 422 "The document would hold more than MAX_DOCUMENT_BYTES." "Take something out of it first, or begin another document."
    TooManyDocumentAgents "too-many-document-agents" 422 "As many agents have written to the document as may." "Write in the name of one of them, or begin another document."
    TooManyDocuments "too-many-documents" 422 "As many documents exist as may." "Write to one that exists, or have the operator raise MAX_DOCUMENTS."
    TooManyDocumentFreezes "too-many-document-freezes" 422 "The document has as many freezes as it may." "Recover from one that it has, or have the operator raise MAX_DOCUMENT_FREEZES."
    HistoryTooLarge "history-too-large" 422 "The deltas are more than one encoded reply may hold." "Page through the document's diff or history as JSON."
    ReplyFull "reply-full" 413 "The reply holds as much as a page may; what it tells of is stored, and nothing after." "Send the lines from next_line on again."
    ClockTooLarge "clock-too-large" 422 "The vector clock has more entries than are accepted." "Send only the entries that changed."
    CounterOverflow "counter-overflow" 422 "A total of the counter would exceed 2^53-1." "Use smaller amounts, or another counter."
    NoSuchPlace "no-such-place" 422 "The path leads nowhere in the document." "Use a path that exists at the operation's parents."
    TypeConflict "type-conflict" 409 "The document is of another type." "Use the type that the detail names, or another document."
    InvalidDelta "invalid-delta" 422 "A delta cannot be read, or does not follow from its parents." "Send deltas as they were given."
    InvalidEncoding "invalid-encoding" 422 "An encoded state, document or batch cannot be read." "Send the bytes as they were given."
    Utf16InBatch "utf16-in-batch" 422 "Positions in UTF-16 units depend on the operations before, so a batch cannot have them." "Send code points, or one operation at a time."
    NoResult "no-result" 500 "An operation was stored without a result." "Report it: this is a defect."
    TooMuchContention "too-much-contention" 503 "Other writers were quicker every time." "Try again."
    NotRecorded "not-recorded" 503 "The operations are stored, and the timeline has not recorded them." "Repeat the request: each takes effect once."

    // documents
    NoSuchDocument "no-such-document" 404 "There is no document of this name." "Write to it first."
    DocumentDeleted "document-deleted" 410 "The document was deleted." "Use another document id."
    NoSuchVersion "no-such-version" 404 "The document had no operations at this version." "Ask for a later version."
    UnclosedVersion "no-such-version" 422 "The version lacks operations that others of it depend on." "Use the version in closure."
    NoState "no-state" 500 "The document's state cannot be given in this form." "Report it: this is a defect."
    NoSuchSnapshot "no-such-snapshot" 404 "The document has no freeze of this id." "GET the document's freezes for their ids."
    CannotRestore "cannot-restore" 409 "The type has no operations that lead back to that version." "Read the version with ?at= in place of restoring it."
    InvalidRecover "invalid-recover" 422 "The request to recover is contradictory." "Correct what the detail names."
    InvalidMerge "invalid-merge" 422 "The states to merge are not of one type, or not given." "Correct what the detail names."
    InvalidVerify "invalid-verify" 422 "The states to verify the laws on are missing, or too many." "Correct what the detail names."
    InvalidInvalidation "invalid-invalidation" 422 "The request to invalidate names nothing that can be." "Correct what the detail names."
    Abandoned "abandoned" 500 "A queued merge was begun several times and never finished." "Ask for the merge again, or for a smaller one."
    NoSuchTask "no-such-task" 404 "There is no queued merge of this number." "Queue it again: results are kept for a while only."
    QueueFull "queue-full" 429 "Too many merges are waiting." "Try again later."

    // rewriting
    InvalidExpression "invalid-expression" 422 "The expression cannot be read." "Correct it at the position that is given."
    TooManyNodes "too-many-nodes" 422 "The expression has more nodes than are accepted." "Send a smaller expression."
    InvalidOperator "invalid-operator" 422 "An operator is declared wrongly." "Correct the member that the detail names."
    TooManyOperators "too-many-operators" 422 "More operators are declared than are accepted." "Declare fewer."
    OperatorConflict "operator-conflict" 422 "Two patterns declare one operator differently." "Use one declaration."
    UnknownLanguage "unknown-language" 422 "There is no language of this name." "Use one of those in the detail."
    UnknownRule "unknown-rule" 422 "There is no rule, or no operator, of this name." "GET /egraph/rules for the names."
    LawMissing "law-missing" 422 "A rule needs a law that its operator does not have." "Declare the law, or leave the rule out."
    GadgetDisabled "gadget-disabled" 422 "The rule belongs to a colour that is switched off." "Leave the rule out, or have the operator set GADGETS_ENABLED."
    InvalidRule "invalid-rule" 422 "A rule cannot be read." "Correct what the detail names."
    TooManyRules "too-many-rules" 422 "More rules are given than are accepted." "Give fewer."
    InvalidColorMode "invalid-color-mode" 422 "There is no such colour mode." "Use block or report."
    ColorConflict "color-conflict" 422 "The term has RED directly beside BLUE." "Put GREEN between them, or use color_mode report."
    InvalidCost "invalid-cost" 422 "The cost function cannot be read." "Correct what the detail names."
    InvalidLimit "invalid-limit" 422 "A limit is out of its range." "Use a number of the range in the detail."
    ResultTooLarge "result-too-large" 422 "The cheapest term is larger than a reply may be." "Ask for the flat form, or for less."
    InvalidGraph "invalid-graph" 422 "A graph of facts is not of its form." "Correct what the detail names."
    NoSuchGraph "no-such-graph" 404 "No facts are stored under this name." "Post facts to it first."
    GraphFull "graph-full" 429 "The graph, or the number of graphs, is at its limit." "Use another graph, or have the operator raise the limit."
    InvalidFact "invalid-fact" 422 "A fact is neither a term nor two sides of an equation." "Give left and right, or term."
    TooManyFacts "too-many-facts" 422 "More facts are given than are accepted." "Send fewer at a time."
    Extraction "extraction" 500 "The graph lost the expression." "Report it: this is a defect."
    Proof "proof" 500 "Terms that are equal have no proof that holds." "Report it: this is a defect."
    Reply "reply" 500 "The reply cannot be written." "Report it: this is a defect."
    BrokenLibrary "broken-library" 500 "The rules that come with the service do not fit their own operators." "Report it: this is a defect."
    Witness "witness" 500 "The witness of convergence could not be made." "Report it: this is a defect."

    // patterns and generated code
    InvalidPattern "invalid-pattern" 422 "A pattern cannot be read." "Correct it at the position that is given."
    SourceIsVariable "source-is-variable" 422 "The source pattern is a variable, which matches every term." "Give it an operator."
    UnboundVariable "unbound-variable" 422 "The target pattern uses a variable that the source does not bind." "Use the source's variables only."
    IdentityRule "identity-rule" 422 "Source and target are the same." "Give a rule that changes something."
    TooManyConstraints "too-many-constraints" 422 "The rule has more constraints than are accepted." "Give fewer."
    InvalidConstraint "invalid-constraint" 422 "A constraint cannot be read." "Use one of the forms in the detail."
    UnknownVariable "unknown-variable" 422 "A constraint names a variable that the source does not bind." "Use the source's variables only."
    Contradiction "contradiction" 422 "No term meets the constraints." "Leave one of them out."
    InvalidPriority "invalid-priority" 422 "The priority is out of its range." "Use a number of the range in the detail."
    MissingName "missing-name" 422 "A pattern that is stored needs a name." "Give pattern_name."
    InvalidPatterns "invalid-patterns" 422 "The list of patterns is not of its form." "Correct what the detail names."
    InvalidPatternReference "invalid-pattern-reference" 422 "The reference is neither an id nor a name of a pattern." "Use the 64 hex digits of an id, or a name."
    NoSuchPattern "no-such-pattern" 404 "No such pattern is stored." "GET /skill/patterns for what is."
    StoredPattern "stored-pattern" 500 "A stored pattern cannot be read." "The operator restores the database, or runs the version that wrote it."
    TooManyPatterns "too-many-patterns" 429 "As many patterns are stored as may be." "Have the operator raise MAX_PATTERNS."
    InvalidStrategy "invalid-strategy" 422 "There is no such strategy, or it is given twice." "Use root, everywhere or fixpoint."
    InvalidTarget "invalid-target" 422 "Code cannot be generated for this target." "Use one of those in the detail."

    // verifiers
    InvalidEmbedding "invalid-embedding" 422 "A vector is not one of finite numbers." "Correct the place that the detail names."
    InvalidSkill "invalid-skill" 422 "A skill is not of its form." "Correct what the detail names."
    InvalidItem "invalid-item" 422 "An item is neither an embedding nor a skill." "Correct what the detail names."
    InvalidBatch "invalid-batch" 422 "A batch of items is not of its form." "Correct what the detail names."
    InvalidSimilarity "invalid-similarity" 422 "A search is not of its form." "Correct what the detail names."
    InvalidBlock "invalid-block" 422 "A block of vectors is not of its form." "Correct what the detail names."
    InvalidIds "invalid-ids" 422 "The ids of a block are not one distinct name for each vector." "Correct what the detail names."
    InvalidDimension "invalid-dimension" 422 "The dimension is out of its range." "Use a number of the range in the detail."
    DimensionMismatch "dimension-mismatch" 422 "A vector has another dimension." "Use vectors of the dimension in the detail."
    DimensionConflict "dimension-conflict" 409 "The collection exists with another dimension." "Use that dimension, or another name."
    IdConflict "id-conflict" 409 "The id is taken by another vector." "Use another id."
    CollectionFull "collection-full" 429 "The collection is at its limit." "Use another collection, or have the operator raise the limit."
    TooManyCollections "too-many-collections" 429 "As many collections exist as may." "Use one that is there, or have the operator raise MAX_COLLECTIONS."
    NoSuchCollection "no-such-collection" 404 "There is no collection of this name." "Create it first."
    TooManyVectors "too-many-vectors" 422 "More vectors are given than are accepted." "Send fewer at a time."
    InvalidVotes "invalid-votes" 422 "The votes are not of their form." "Correct what the detail names."
    TooManyVotes "too-many-votes" 429 "The subject has as many votes as it may." "Have the operator raise MAX_VOTES."
    NoVotes "no-votes" 404 "Nobody has voted on the subject." "Analyse it, or post votes."

    // agents
    UnknownAgent "unknown-agent" 404 "There is no such agent, or it is not registered." "Register it first."
    AgentDiffers "agent-differs" 409 "The agent is known with other properties." "Leave them out, or deregister it first."
    ReservedAgentId "reserved-agent-id" 422 "The id is a word of the routes." "Use another id."
    TooManyAgents "too-many-agents" 429 "As many agents are known as may be." "Deregister one, or have the operator raise MAX_AGENTS."
    InvalidLabel "invalid-label" 422 "A label is empty, too long or holds control characters." "Correct the member that the detail names."
    InvalidNeighbors "invalid-neighbors" 422 "The neighbours are too many, repeated, or name the agent itself." "Correct what the detail names."
    InvalidCommand "invalid-command" 422 "A command to an agent is not of its form." "Correct the member that field or the detail names."
    InvalidTransition "invalid-transition" 409 "The agent's life does not allow the command now." "See life_status for where the agent is, and bring it elsewhere first."
    VersionConflict "version-conflict" 409 "The agent has changed since the version that the command expects." "Read the agent again and decide anew."
    NoSuchAgentVersion "no-such-agent-version" 404 "The agent's life has no such version, or had not begun by then." "GET the agent's history for what there is."
    NoActiveAgent "no-active-agent" 503 "No agent that could take the document is active." "Register one, or send heartbeats."
    InvalidSubject "invalid-subject" 422 "The subject is not one that the network knows." "Use a subject of the form in the detail."
    SubjectMismatch "subject-mismatch" 422 "The message does not belong on the subject." "Use the subject that the detail names."
    WrongReceiver "wrong-receiver" 422 "The message names another receiver than the route." "Send it to the receiver's own route."
    ReceiverMissing "receiver-missing" 422 "The message has no receiver." "Name one."
    UnknownSender "unknown-sender" 422 "The sender is not registered." "Register it first."
    InvalidAck "invalid-ack" 422 "An acknowledgement does not name messages." "Give message_id or message_ids."
    InvalidTimestamp "invalid-timestamp" 422 "The time is not one of RFC 3339." "Write it as 2026-01-31T12:00:00Z."
    MessageConflict "message-conflict" 409 "The message's id is taken by another message." "Use a new id."
    MessageTooLarge "message-too-large" 413 "The payload exceeds MAX_MESSAGE_BYTES." "Send it in parts."
    BufferFull "buffer-full" 429 "The receiver has as many waiting messages as it may." "Try again when it has acknowledged some."
    StoreBusy "store-busy" 503 "The receiver's buffer changes all the time." "Send the message again."
    Topology "topology" 500 "The graph of agents could not be made." "Report it: this is a defect."
    UnsupportedSize "unsupported-size" 422 "The topology has no graph of this size." "Use one of sizes."

    // sites
    InvalidSync "invalid-sync" 422 "The request to synchronise, verify or roll back is contradictory." "Correct what the detail names."
    InvalidPeer "invalid-peer" 422 "A peer is not of its form." "Correct the member that the detail names."
    UnknownPeer "unknown-peer" 404 "There is no such peer." "GET /sync/peers for those that there are."
    TooManyPeers "too-many-peers" 429 "The site has as many peers as it may." "Delete one first."
    FixedPeer "fixed-peer" 409 "The peer comes from the site's variables." "The operator changes the variable that the detail names."
    PeerUnreachable "peer-unreachable" 502 "The peer did not answer." "Try again later: nothing is lost, and the next round goes on where this one ended."
    PeerNotAllowed "peer-not-allowed" 502 "The component may not call the peer's address." "The operator adds it to allowed_outbound_hosts, by the variable sync_hosts."
    PeerMisnamed "peer-misnamed" 502 "The site at the peer's address has another name than the peer." "List the peer under the name that the detail gives, or correct the address."
    PeerRefused "peer-refused" 502 "The peer refused, or said what makes no sense." "See the trouble; the peer's own log says more."
    RoundRunning "round-running" 503 "A round with the peer is under way." "Try again in a moment."
    InvalidFrame "invalid-frame" 400 "The body is no message between sites that this version reads." "Run versions of the project that know a common one."
    NoSuchObject "no-such-object" 404 "There is nothing with this digest." "Name the document of a delta or a freeze in ?document=."

    // colours
    NoSuchColor "no-such-color" 422 "The index or the colour is out of range." "Correct what the detail names."
    NoSuchPalette "no-such-palette" 422 "A palette of this size cannot be made." "Use a number of the range in the detail."

    // timeline
    InvalidEvent "invalid-event" 422 "The event is not of its form." "Correct the member that the detail names."
    EventConflict "event-conflict" 409 "The event id is taken by another event." "Use a new id."
    OriginSeqConflict "origin-seq-conflict" 409 "The origin's number is taken by another event." "Use the origin's next number."
    MixedOriginSeq "mixed-origin-seq" 422 "Events of one origin in a batch are numbered partly by the client." "Number all of them or none."
    NoSuchEvent "no-such-event" 404 "The timeline has no such event." "Query the timeline for what it has."
    EventArchived "event-archived" 410 "The event was moved to an archive file." "Find it in the file whose digest is given."
    Archived "archived" 410 "The events of that place were moved to archive files." "Start at first_seq, or restore the file."
    BeyondTheEnd "beyond-the-end" 409 "The position lies beyond the end of the log." "Start at last_seq or before."
    EventBeyondSize "event-beyond-size" 422 "The event comes after the size that the proof is for." "Ask for a larger size."
    SizeBeyondLog "size-beyond-log" 422 "The log has fewer events." "Use a size up to that of the log."
    FirstBeyondSecond "first-beyond-second" 422 "The first size exceeds the second." "Exchange them."
    NotSealed "not-sealed" 503 "More events must be sealed first than one request may." "Try again: each request goes on where the last ended."
    ProofTooCostly "proof-too-costly" 503 "The proof needs more hashing than one request may do." "Try again: each request goes on where the last ended."
    LogDamaged "log-damaged" 500 "The log does not have the hashes that were sealed." "Verify the timeline for where it differs, and restore it."
    CausalIndexBehind "causal-index-behind" 503 "The causal order is still being worked out." "Try again: each request goes on where the last ended."
    TooManyStates "too-many-agents" 413 "More agents have states than convergence is worked out for." "Ask for one document."
    InvalidArchive "invalid-archive" 422 "The request to archive is contradictory." "Correct what the detail names."
    InvalidSegment "invalid-segment" 422 "The archive file is not one, or was changed." "Use the file as it was written."
    ArchiveConflict "archive-conflict" 409 "The archive file does not follow on what is archived." "Use the file for the place that the detail names."
    DigestMismatch "digest-mismatch" 409 "The archive file's digest is not the one that was given out." "Write the file again."
    InvalidName "invalid-name" 422 "The name of a freeze is not of its form, or reserved." "Use another name."
    InvalidSize "invalid-size" 422 "The place to freeze at is not in the log." "Use a position up to last_seq."
    FreezeExists "freeze-exists" 409 "The name is taken by a freeze of another place." "Use another name."
    NoSuchFreeze "no-such-freeze" 404 "There is no freeze of this name." "GET the freezes for their names."
    TooManyFreezes "too-many-freezes" 409 "As many freezes exist as may." "Have the operator raise the limit."
    NotFreezable "not-freezable" 409 "The log is not causally complete up to that place." "Freeze at another place, or post the missing events."
    FreezeRecoverDisabled "freeze-recover-disabled" 403 "Freezing and recovering are switched off." "Have the operator set FREEZE_RECOVER_ENABLED."
}

/// The name: a second list of names, those of the variants, would weigh 5 kB in every component.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    #[test]
    fn names_are_distinct_and_of_one_form() {
        // A name that stands twice has another status in each row.
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| (code.as_str(), code.status())).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            let name = code.as_str();
            assert!(name.split('-').all(|word| !word.is_empty()), "{name}");
            assert!(
                name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{name}"
            );
            assert!((400..600).contains(&code.status()), "{name}");
            for sentence in [code.meaning(), code.remedy()] {
                assert!(
                    sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                    "{name}: {sentence}"
                );
            }
        }
    }

    /// `docs/problems.md` as the table has it.
    fn document() -> String {
        let mut text = String::from(
            "# Problems\n\n\
             Errors are problem documents (RFC 9457, `application/problem+json`): `code` is stable and for programs,\n\
             `detail` is for people. This page is made from the table in `crates/core/src/problem/code.rs` by\n\
             `WRITE_DOCS=1 cargo test -p ramanujan-core problems`.\n\n\
             | code | status | what it means | what to do |\n|---|---|---|---|\n",
        );
        let mut codes = Code::ALL.to_vec();
        codes.sort_by_key(|code| code.as_str());
        for code in codes {
            let (name, status, meaning, remedy) =
                (code.as_str(), code.status(), code.meaning(), code.remedy());
            writeln!(text, "| `{name}` | {status} | {meaning} | {remedy} |").unwrap();
        }
        text
    }

    #[test]
    fn docs_problems_md_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/", "problems.md");
        if std::env::var_os("WRITE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == document(),
            "docs/problems.md is out of date: WRITE_DOCS=1 cargo test -p ramanujan-core problems"
        );
    }
}
