//! `ramanujan up`: from the manifest to a serving application.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use wasmtime::Engine;

use crate::cli::UpArgs;
use crate::engine::{self, Compiled};
use crate::files;
use crate::http::dispatch::{App, AppRef};
use crate::http::router::Router;
use crate::http::serve;
use crate::instance::component::{Component, Limitations, Template};
use crate::interfaces::outbound::allowed_hosts::AllowedHosts;
use crate::interfaces::{Grants, KeyValueStore, key_value};
use crate::logs::ComponentLogs;
use crate::manifest::runtime_config::{self, Stores};
use crate::manifest::{self, Target};
use crate::storage::Database;

/// How long to wait for a host that is just ending to release the state directory.
const LOCK_WAIT: Duration = Duration::from_secs(12);

/// Starts the application and serves it until a signal.
pub(crate) fn run(args: &UpArgs) -> Result<()> {
    let manifest = manifest::load(&args.manifest, &args.variables)?;
    let router = Router::new(&manifest.triggers)?;
    let state_dir = &args.state_dir;
    fs::create_dir_all(state_dir).with_context(|| format!("cannot create {}", state_dir.display()))?;
    let _lock = lock(state_dir)?;
    let stores = runtime_config::load(args.runtime_config_file.as_deref(), state_dir)?;
    let engine = engine::new(args.max_instance_memory, &cache_folder(state_dir))?;
    let compiled = compile_all(&engine, &manifest, args.quiet)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let listener = serve::listen(args.listen)?;
        let address = listener.local_addr()?;
        let app = assemble(args, &manifest, router, &stores, engine, compiled).await?;
        let _ = app.address.set(address);
        announce(&app, &manifest, &format!("http://{address}"));
        serve::serve(app, listener).await
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
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => {
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
fn compile_all(engine: &Engine, manifest: &manifest::App, quiet: bool) -> Result<HashMap<String, Compiled>> {
    let components: Vec<_> = manifest.components.iter().collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(components.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((id, component)) = components.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    let result = engine::compile(engine, id, component);
                    if !quiet && result.is_ok() {
                        eprintln!("  {id} ready after {} ms", started.elapsed().as_millis());
                    }
                    let result = result.map(|compiled| ((*id).clone(), compiled));
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

/// Opens stores, logs and files, and puts everything together.
async fn assemble(
    args: &UpArgs,
    manifest: &manifest::App,
    router: Router,
    stores: &Stores,
    engine: Engine,
    mut compiled: HashMap<String, Compiled>,
) -> Result<Arc<App>> {
    let limitations = Limitations {
        max_instance_reuse: args.max_instance_reuse,
        request_timeout: args.request_timeout,
        max_instance_memory: args.max_instance_memory,
    };
    let app_ref = AppRef::default();
    let mut opened = Opened::default();
    let mut components = HashMap::new();
    for (id, component) in &manifest.components {
        let triggered = manifest
            .triggers
            .iter()
            .any(|trigger| matches!(&trigger.target, Target::Component(target) if target == id));
        let Some(pre) = compiled.remove(id).filter(|_| triggered) else { continue };
        let grants = grants(id, component, manifest, stores, &mut opened)
            .await
            .with_context(|| format!("[component.{id}]"))?;
        let assets = args.state_dir.join("assets").join(id);
        let template = Template {
            id: id.clone(),
            environment: component.environment.clone(),
            mounts: files::mount(component, &manifest.root, &assets)
                .with_context(|| format!("[component.{id}]"))?,
            logs: ComponentLogs::open(&args.state_dir.join("logs"), id, args.follow)?,
            grants: Arc::new(grants),
            limitations,
            app: app_ref.clone(),
        };
        components.insert(id.clone(), Component::new(template, pre, engine.clone()));
    }
    let app = Arc::new(App {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        router,
        components,
        address: OnceLock::new(),
    });
    app_ref.set(&app);
    Ok(app)
}

/// Databases opened so far, by file: labels may share one.
#[derive(Default)]
struct Opened {
    sqlite: BTreeMap<PathBuf, Arc<Database>>,
    key_value: BTreeMap<PathBuf, Arc<Database>>,
}

async fn grants(
    id: &str,
    component: &manifest::Component,
    manifest: &manifest::App,
    stores: &Stores,
    opened: &mut Opened,
) -> Result<Grants> {
    let missing = |key: &str, table: &str, label: &str| {
        format!(
            "{key}: the label {label:?} stands for nothing; give it a [{table}.{label}] in the runtime configuration"
        )
    };
    let mut sqlite = BTreeMap::new();
    for label in &component.sqlite_databases {
        let path = stores
            .sqlite
            .get(label)
            .with_context(|| missing("sqlite_databases", "sqlite_database", label))?;
        let database = match opened.sqlite.get(path) {
            Some(database) => database.clone(),
            None => Database::open(path)?,
        };
        opened.sqlite.insert(path.clone(), database.clone());
        sqlite.insert(label.clone(), database);
    }
    let mut key_value = BTreeMap::new();
    for label in &component.key_value_stores {
        let path = stores
            .key_value
            .get(label)
            .with_context(|| missing("key_value_stores", "key_value_store", label))?;
        let database = match opened.key_value.get(path) {
            Some(database) => database.clone(),
            None => {
                let database = Database::open(path)?;
                key_value::prepare(&database).await?;
                database
            }
        };
        opened.key_value.insert(path.clone(), database.clone());
        key_value.insert(label.clone(), KeyValueStore { name: label.as_str().into(), database });
    }
    let ids = manifest.components.keys().map(String::as_str);
    Ok(Grants {
        component: id.to_owned(),
        variables: component.variables.clone(),
        allowed_hosts: AllowedHosts::parse(&component.allowed_outbound_hosts, ids)
            .context("allowed_outbound_hosts")?,
        key_value,
        sqlite,
    })
}

/// Says on stdout where the application answers, first line first: programs wait for it.
fn announce(app: &App, manifest: &manifest::App, base: &str) {
    println!("\nServing {base}");
    println!("Available Routes:");
    for route in app.router.listed() {
        println!("  {}: {base}{}", route.name, route.route);
        if let Some(component) = manifest.components.get(&route.name)
            && !component.description.is_empty()
        {
            println!("    {}", component.description);
        }
    }
}
