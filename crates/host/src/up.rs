//! `ramanujan up`: from the manifest to a serving application.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use ramanujan_tend::Caretaker;
use wasmtime::Engine;

use crate::cli::UpArgs;
use crate::engine::{self, Compiled};
use crate::http::dispatch::App;
use crate::http::router::Router;
use crate::http::serve::{self, Signals};
use crate::http::turns::Turns;
use crate::instance::component::Component;
use crate::instance::grants::Grants;
use crate::instance::template::{Limitations, Template};
use crate::interfaces::Site;
use crate::interfaces::outbound::chaining::AppRef;
use crate::interfaces::stores::Stores;
use crate::logs::ComponentLogs;
use crate::manifest::runtime_config;
use crate::manifest::{self, Target};
use crate::output;

/// How long to wait for a host that is just ending to release the state directory.
const LOCK_WAIT: Duration = Duration::from_secs(12);

/// Starts the application and serves it until a signal.
///
/// # Errors
/// When something that the manifest or the command line asks for cannot be had; the message says what.
pub(crate) fn run(args: &UpArgs) -> Result<()> {
    let manifest = manifest::load(&args.manifest, &args.variables)?;
    let router = Router::new(&manifest.triggers)?;
    let state_dir = &args.state_dir;
    fs::create_dir_all(state_dir).with_context(|| format!("cannot create {}", state_dir.display()))?;
    let _lock = lock(state_dir)?;
    let stores = runtime_config::load(args.runtime_config_file.as_deref(), state_dir)?;
    let engine = engine::new(&cache_folder(state_dir))?;
    let compiled = compile_all(&engine, &manifest, args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let listener = serve::listen(args.listen)?;
        let address = listener.local_addr()?;
        let app = assemble(args, &manifest, router, stores, engine, compiled)?;
        let _ = app.address.set(address);
        // Before the start is announced: who waits for that may end the application at once.
        let signals = Signals::listen(args.end_with_stdin)?;
        announce(&app, &manifest, &format!("http://{address}"));
        let caretaker = if args.no_tend { None } else { Some(tend(&manifest, address)?) };
        let stop = || caretaker.iter().for_each(Caretaker::stop);
        serve::serve(app, listener, signals, stop).await;
        anyhow::Ok(())
    });
    // Instances that outlived the grace period end with the process.
    runtime.shutdown_background();
    result
}

/// One host per state directory: the mounted files below it belong to a run.
fn lock(state_dir: &Path) -> Result<File> {
    let path = state_dir.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    let started = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => {
                if !std::mem::replace(&mut told, true) {
                    let (folder, seconds) = (state_dir.display(), LOCK_WAIT.as_secs());
                    output::event(format_args!(
                        "another host uses the state directory {folder}; waiting up to {seconds} s for its end"
                    ));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => bail!(
                "another host uses the state directory {}; end it or choose another with --state-dir",
                state_dir.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}

/// Where compiled code is kept between starts, and between state directories.
fn cache_folder(state_dir: &Path) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("RAMANUJAN_CACHE")
        .or_else(|| variable("HOME").map(|home| home.join(".cache/ramanujan")))
        .unwrap_or_else(|| state_dir.join("cache"));
    std::path::absolute(&folder).unwrap_or(folder).join("compiled")
}

/// Compiles the components on all processors, with a line about each that takes its time.
fn compile_all(
    engine: &Engine,
    manifest: &manifest::App,
    args: &UpArgs,
) -> Result<HashMap<String, Compiled>> {
    let components: Vec<_> = manifest.components.iter().collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(components.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((id, component)) = components.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    let result = engine::compile(engine, id, component, args.max_instance_memory);
                    if !args.quiet && result.is_ok() {
                        let took = started.elapsed().as_millis();
                        output::event(format_args!("  {id} ready after {took} ms"));
                    }
                    let result = result.map(|compiled| ((*id).clone(), compiled));
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

/// Opens what the components may use, and puts everything together.
fn assemble(
    args: &UpArgs,
    manifest: &manifest::App,
    router: Router,
    stores: Stores,
    engine: Engine,
    mut compiled: HashMap<String, Compiled>,
) -> Result<Arc<App>> {
    let limitations = Limitations {
        max_instance_reuse: args.max_instance_reuse,
        request_timeout: args.request_timeout,
        max_instance_memory: args.max_instance_memory,
    };
    let mut site = Site { state_dir: &args.state_dir, stores, app: AppRef::default() };
    let mut components = HashMap::new();
    for (id, component) in &manifest.components {
        let triggered = manifest
            .triggers
            .iter()
            .any(|trigger| matches!(&trigger.target, Target::Component(target) if target == id));
        let Some(pre) = compiled.remove(id).filter(|_| triggered) else { continue };
        let grants = component
            .requests
            .iter()
            .map(|(key, request)| request.open(&mut site).context(*key))
            .collect::<Result<_>>()
            .with_context(|| format!("[component.{id}]"))?;
        let template = Template {
            id: id.as_str().into(),
            logs: ComponentLogs::open(&args.state_dir.join("logs"), id, args.follow)?,
            grants: Arc::new(Grants::new(grants)),
            limitations,
        };
        components.insert(id.clone(), Component::new(template, pre, engine.clone()));
    }
    for warning in site.stores.unused() {
        output::event(format_args!("warning: {warning}"));
    }
    let app = Arc::new(App {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        router,
        components,
        address: OnceLock::new(),
        durability: site.stores.durability().clone(),
        turns: Turns::new(),
    });
    site.app.set(&app);
    Ok(app)
}

/// Looks after the application as a process beside it would: over HTTP, and only what its manifest has. The operator
/// hears of trouble and of its end.
fn tend(manifest: &manifest::App, address: SocketAddr) -> Result<Caretaker> {
    let token = std::env::var("RAMANUJAN_TOKEN").ok().map(ramanujan_client::Token::new);
    let options = ramanujan_tend::Options::new(&ramanujan_tend::loopback(address))
        .token(token)
        .only(|job| manifest.components.contains_key(job.component()));
    let caretaker = Caretaker::spawn(&options, |event| {
        if event.state.is_trouble() || event.before.is_trouble() {
            output::event(format_args!("{event}"));
        }
    });
    caretaker.context("the caretaker cannot begin; --no-tend starts without it")
}

/// Says on stdout where the application answers, the address first: programs wait for it.
fn announce(app: &App, manifest: &manifest::App, base: &str) {
    output::say(format_args!("\nServing {base}"));
    output::say(format_args!("Available Routes:"));
    for route in app.router.listed() {
        output::say(format_args!("  {}: {base}{}", route.name, route.route));
        if let Some(component) = manifest.components.get(&route.name)
            && !component.description.is_empty()
        {
            output::say(format_args!("    {}", component.description));
        }
    }
}
