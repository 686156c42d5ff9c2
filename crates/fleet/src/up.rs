//! `ramanujan fleet up`: from the plan to running sites, until a signal or `fleet down`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ramanujan_client::terminal;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::Up;
use crate::control::{Control, Request};
use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::look::Line;
use crate::plan::{Plan, REQUIRED};
use crate::site::Setup;

/// Between two looks for a signal or an ended site.
const TICK: Duration = Duration::from_millis(100);
/// Between two pictures on a terminal.
const REDRAW: Duration = Duration::from_secs(1);
/// Where there is no terminal, shortest time between two lines on a site whose figures alone have changed.
const FIGURES: Duration = Duration::from_secs(10);

/// Starts the fleet and stays until it is to end.
///
/// # Errors
/// It cannot be started as it is asked for; says why.
pub(crate) fn run(args: &Up, folder: &Path) -> Result<(), FleetError> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(FleetError::io("signals cannot be caught"))?;
    let manifest = manifest(&args.manifest)?;
    let declared = declared(&manifest)?;
    let plan =
        Plan::new(args.sites, args.topology, args.base_port, &args.regions).map_err(FleetError::Asked)?;
    fs::create_dir_all(folder).map_err(FleetError::io(format!("cannot make {}", folder.display())))?;
    let folder =
        fs::canonicalize(folder).map_err(FleetError::io(format!("cannot open {}", folder.display())))?;
    let (sender, asked) = mpsc::channel();
    let control = Control::listen(&folder, sender)?;
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(FleetError::io("cannot find this program"))?,
    };
    let setup = |site: usize, plan: &Plan, urls: &[String]| Setup {
        name: plan.sites[site].name.clone(),
        program: program.clone(),
        manifest: manifest.clone(),
        folder: folder.join(&plan.sites[site].name),
        listen: format!("127.0.0.1:{}", plan.sites[site].port),
        variables: plan
            .variables(site, urls)
            .into_iter()
            .filter(|(name, _)| declared.contains(*name))
            .map(|(name, value)| (name.to_owned(), value))
            .chain(args.variables.iter().cloned())
            .collect(),
    };
    let mut fleet = Fleet::new(plan, args.topology, &folder, setup)?;
    let mut show = Show::new(args.quiet);
    let began = Instant::now();
    fleet.start_all(|line, took| {
        if !args.quiet {
            terminal::notice(format_args!("{} serves {} after {} ms", line.name, line.url, took.as_millis()));
        }
    })?;
    if !args.quiet {
        let (sites, seconds) = (args.sites, began.elapsed().as_secs_f64());
        terminal::notice(format_args!(
            "{sites} sites serve after {seconds:.1} s, joined as {}",
            args.topology
        ));
    }
    fleet.watch()?;
    loop {
        if signals.pending().next().is_some() {
            break;
        }
        match asked.recv_timeout(TICK) {
            Ok((request, reply)) => {
                // Who asked may have gone.
                let _ = reply.send(fleet.handle(&request));
                if request == Request::Down {
                    break;
                }
            }
            // The control holds the other end for as long as this loop runs.
            Err(_) => fleet.tick()?,
        }
        show.lines(&fleet.board().copy());
    }
    if !args.quiet {
        terminal::notice("ending the sites");
    }
    fleet.end();
    drop(control);
    Ok(())
}

/// The manifest's file.
fn manifest(given: &Path) -> Result<PathBuf, FleetError> {
    let file = if given.is_dir() { given.join("spin.toml") } else { given.to_owned() };
    fs::canonicalize(&file).map_err(FleetError::io(format!("cannot read {}", file.display())))
}

/// The application variables that a manifest declares.
fn declared(manifest: &Path) -> Result<BTreeSet<String>, FleetError> {
    let shown = manifest.display();
    let text = fs::read_to_string(manifest).map_err(FleetError::io(format!("cannot read {shown}")))?;
    let table: toml::Table =
        text.parse().map_err(|error| FleetError::Asked(format!("{shown} is no manifest: {error}")))?;
    let declared = table.get("variables").and_then(toml::Value::as_table);
    let declared: BTreeSet<String> = declared.into_iter().flat_map(toml::Table::keys).cloned().collect();
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !declared.contains(*name)).collect();
    if missing.is_empty() {
        return Ok(declared);
    }
    let missing = missing.join(", ");
    Err(FleetError::Asked(format!(
        "{shown} has no {missing} in [variables], so that its sites cannot be joined"
    )))
}

/// Shows the sites: on a terminal a picture that is drawn anew, else lines when something changes.
struct Show {
    quiet: bool,
    on_terminal: bool,
    drawn: Option<Instant>,
    height: usize,
    told: Vec<(Line, Instant)>,
}

impl Show {
    fn new(quiet: bool) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        Show { quiet, on_terminal, drawn: None, height: 0, told: Vec::new() }
    }

    fn lines(&mut self, lines: &[Line]) {
        if self.quiet {
            return;
        }
        if !self.on_terminal {
            news(&mut self.told, lines, Instant::now()).into_iter().for_each(terminal::notice);
            return;
        }
        if self.drawn.is_some_and(|last| last.elapsed() < REDRAW) {
            return;
        }
        self.drawn = Some(Instant::now());
        let mut picture = String::new();
        if self.height > 0 {
            picture.push_str(&format!("\x1b[{}A", self.height));
        }
        for line in lines {
            picture.push_str(&format!("\x1b[2K{line}\n"));
        }
        self.height = lines.len();
        // A terminal that is gone shows nothing.
        let _ = std::io::stderr().lock().write_all(picture.as_bytes());
    }
}

/// The lines that say something new; `told` is what was said of each site, and when.
fn news(told: &mut Vec<(Line, Instant)>, lines: &[Line], now: Instant) -> Vec<String> {
    let mut new = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_new = match told.get(at) {
            None => true,
            Some((last, _)) if last == line => false,
            Some((last, when)) => {
                let standing = |line: &Line| (line.state, line.cut_from.clone(), line.quarantines);
                standing(last) != standing(line) || now.saturating_duration_since(*when) >= FIGURES
            }
        };
        if is_new {
            new.push(line.to_string());
            let entry = (line.clone(), now);
            match told.get_mut(at) {
                Some(last) => *last = entry,
                None => told.push(entry),
            }
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::State;

    #[test]
    fn a_change_of_state_is_said_at_once_and_one_of_figures_now_and_then() {
        let (mut told, start) = (Vec::new(), Instant::now());
        let mut line = Line { name: "site-0".into(), state: State::Up, ..Line::default() };
        let mut said = |line: &Line, seconds| {
            news(&mut told, std::slice::from_ref(line), start + Duration::from_secs(seconds)).len()
        };
        assert_eq!([said(&line, 0), said(&line, 1)], [1, 0]);
        line.documents = Some(3);
        assert_eq!([said(&line, 2), said(&line, 10), said(&line, 30)], [0, 1, 0]);
        line.state = State::Silent;
        assert_eq!(said(&line, 31), 1);
    }

    #[test]
    fn a_manifest_must_declare_what_joins_sites() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spin.toml");
        fs::write(&file, "[variables]\nsite_id = { default = \"\" }\nsync_hosts = { default = \"\" }\n")
            .unwrap();
        let error = declared(&manifest(folder.path()).unwrap()).unwrap_err().to_string();
        assert!(error.contains("has no sync_peers, local_endpoint in [variables]"), "{error}");
        let all: String = REQUIRED.iter().map(|name| format!("{name} = {{ default = \"\" }}\n")).collect();
        fs::write(&file, format!("[variables]\n{all}other = {{ default = \"\" }}\n")).unwrap();
        assert_eq!(declared(&file).unwrap().len(), 5);
        assert!(manifest(&folder.path().join("nothing")).is_err());
    }
}
