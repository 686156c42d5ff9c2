//! The variables of transduction-2tdx. `PAGE_LIMIT_MAX`, which all components share, bounds lists and traces.

use ramanujan_core::Problem;
use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, MAX_TERM_NODES};
use ramanujan_shell::setting::invalid;
use ramanujan_sync::limits::MAX_MANIFEST;
use ramanujan_sync::{Settings, SiteId};

use crate::sites::peer::{self, Peer};

ramanujan_shell::settings! {
    /// Which interface the component is.
    INTERFACE: String = "sync".to_owned();
    /// The name of this site among its peers: no two of them have the same.
    SITE_ID: String = "site".to_owned();
    /// Version of the manifest that the site runs, as its peers see it: that of `[application]`.
    MANIFEST_VERSION: String = env!("CARGO_PKG_VERSION").to_owned();
    /// Where this site is reached by others; empty where it is reached by none.
    LOCAL_ENDPOINT: String = String::new();
    /// The address of the peer `vers`; empty where there is none.
    VERS_ENDPOINT: String = String::new();
    /// What the peer `vers` wants to see; without it, rounds are made with it only where a request names it.
    VERS_API_KEY: String = String::new();
    /// The other peers, `name=address;direction;pattern pattern` with commas between them.
    SYNC_PEERS: String = String::new();
    /// Time of one call that synchronises, verifies or rolls back: past it the call answers with what is done.
    MAX_LATENCY_MS: u64 = 100, 0.., "ms";
    /// From a round with a peer to the next.
    SYNC_INTERVAL_MS: u64 = 1_000, 10..=86_400_000, "ms";
    /// How long a peer may take to answer once.
    SYNC_TIMEOUT_MS: u64 = 5_000, 1..=60_000, "ms";
    /// The first wait after a round that failed; it doubles with each.
    SYNC_BACK_OFF_MS: u64 = 500, 1..=3_600_000, "ms";
    /// The longest such wait.
    SYNC_LONGEST_BACK_OFF_MS: u64 = 60_000, 1..=3_600_000, "ms";
    /// Every so many rounds all documents are compared.
    SYNC_REPAIR_EVERY: u64 = 64, 1..=1_000_000, "rounds";
    /// Entries of the log of synchronisation; older ones go.
    SYNC_LOG_ENTRIES: u64 = 10_000, 1..=1_000_000, "entries";
    /// Most versions of patterns that are stored: 10,000 take about 5 MB.
    MAX_PATTERNS: u64 = 10_000, 0.., "versions";
    /// Most steps of a rewriting.
    MAX_STEPS: u64 = 10_000, 0.., "steps";
    /// Most nodes of a term that is rewritten, written out as a tree; never more than a term may have.
    MAX_NODES: u64 = MAX_TERM_NODES, 0.., "nodes";
    /// Longest and default time of a rewriting.
    REWRITE_TIMEOUT_MS: u64 = 1_000, 0.., "ms";
    /// Deepest term that is read.
    MAX_TERM_DEPTH: u64 = DEFAULT_MAX_DEPTH, 0.., "levels";
    /// Most patterns of a request.
    MAX_BATCH: usize = 100, 0.., "patterns";
}

/// The variable that says who the component is.
pub const IDENTITY: [ramanujan_shell::setting::Fixed; 1] = [INTERFACE.only("sync")];

/// The address of the peer `vers` under this name.
pub const VERS: &str = "vers";

/// Who this site is and how it makes rounds.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn engine() -> Result<Settings, Problem> {
    let name = SITE_ID.given()?;
    let site: SiteId = name.trim().parse().map_err(|error| invalid("SITE_ID", &name, error))?;
    let manifest = MANIFEST_VERSION.read()?;
    if manifest.len() > MAX_MANIFEST {
        let bound = format_args!("it must have at most {MAX_MANIFEST} bytes");
        return Err(invalid(MANIFEST_VERSION.name, &manifest, bound));
    }
    Ok(Settings {
        manifest,
        interval_ms: SYNC_INTERVAL_MS.read()?,
        timeout_ms: SYNC_TIMEOUT_MS.read()?,
        back_off_ms: SYNC_BACK_OFF_MS.read()?,
        longest_back_off_ms: SYNC_LONGEST_BACK_OFF_MS.read()?,
        repair_every: SYNC_REPAIR_EVERY.read()?,
        ..Settings::of(site)
    })
}

/// The peers of the variables: those of `SYNC_PEERS`, and `vers` if there is a key for it or `named` says so.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn peers(named: Option<&str>) -> Result<Vec<Peer>, Problem> {
    let list = SYNC_PEERS.given()?;
    let mut peers = peer::list(&list).map_err(|error| invalid("SYNC_PEERS", &list, error))?;
    let (address, key) = (VERS_ENDPOINT.given()?, VERS_API_KEY.given()?);
    let wanted = named == Some(VERS) || !key.trim().is_empty();
    if wanted && !address.trim().is_empty() && !peers.iter().any(|peer| peer.name.as_str() == VERS) {
        let mut vers =
            Peer::at(VERS, address.trim()).map_err(|error| invalid("VERS_ENDPOINT", &address, error))?;
        vers.key = Some(key.trim().to_owned()).filter(|key| !key.is_empty());
        vers.variable = Some("VERS_ENDPOINT");
        peers.push(vers);
    }
    Ok(peers)
}

/// Reads every variable of this component, also those of the operator's.
///
/// # Errors
/// 500 `invalid-setting` naming the first that cannot be used.
pub fn check_all() -> Result<(), Problem> {
    check()?;
    engine()?;
    peers(Some(VERS)).map(|_| ())
}
