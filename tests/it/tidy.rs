//! Keeps the house in order: who may import whom, what pure modules never say, a `//!` on every module, equal
//! migrations on both sides, files one can read. The table is HOUSE 2; change it on purpose, with a reason in
//! ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

/// What each room may import from the crate. A room may always import itself.
const IMPORTS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("closed_list", &[]),
    ("hex", &[]),
    ("ids", &[]),
    ("text", &[]),
    ("figures", &[]),
    ("tabular", &[]),
    ("yaml", &[]),
    ("phone", &["ids"]),
    ("survey", &["text", "yaml"]),
    ("session", &["survey", "phone", "ids", "text"]),
    ("i18n", &["survey", "text"]),
    ("gateway", &["phone", "ids", "text", "hex", "yaml"]),
    ("config", &["gateway", "i18n", "survey", "session", "phone", "text", "yaml"]),
    ("telemetry", &["config"]),
    ("examples", &[]),
    ("store", &["survey", "session", "phone", "ids", "clock", "hex"]),
    (
        "app",
        &[
            "survey",
            "session",
            "store",
            "phone",
            "ids",
            "clock",
            "text",
            "i18n",
            "telemetry",
            "gateway",
            "hex",
            "closed_list",
            "webhook",
            "tabular",
            "figures",
        ],
    ),
    ("webhook", &["gateway"]),
    ("outbox", &["app", "store", "gateway", "clock", "phone", "ids", "text", "session", "webhook"]),
    (
        "http",
        &[
            "app",
            "phone",
            "ids",
            "config",
            "i18n",
            "gateway",
            "clock",
            "hex",
            "closed_list",
            "telemetry",
            "survey",
            "session",
            "text",
            "webhook",
        ],
    ),
    ("worker", &["app", "outbox", "clock", "store"]),
];

/// Rooms that put the others together; they may import everything.
const ASSEMBLY: &[&str] = &["main", "lib", "server", "cli"];

/// Rooms in which nothing happens but thinking.
const PURE: &[&str] = &["survey", "session", "text", "yaml", "figures"];

/// What a pure room never says, outside comments.
const BANNED: &[&str] = &[
    "async",
    "tokio",
    "diesel",
    "actix_web",
    "tracing",
    "rand",
    "std::fs",
    "std::net",
    "std::time",
    "std::env",
];

/// Code that only some rooms may use: the crate, and who.
const RESERVED: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("actix_web", &["http", "server", "cli", "main"]),
    ("reqwest", &["gateway", "config", "outbox", "webhook", "worker", "cli", "server"]),
];

/// Lines of a file, its tests aside, that should be split, and lines at which it must be.
const LINES_ADVISED: usize = 400;
const LINES_MAX: usize = 450;

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[];

struct Source {
    path: String,
    room: String,
    text: String,
}

/// Every source file of the crate.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    files.sort();
    assert!(files.len() > 100, "the sources are gone");
    let source = |path: &PathBuf| {
        let shown = path.strip_prefix(root).unwrap().display().to_string();
        let room = shown.trim_start_matches("src/").split('/').next().unwrap();
        Source {
            room: room.trim_end_matches(".rs").to_owned(),
            text: std::fs::read_to_string(path).unwrap(),
            path: shown,
        }
    };
    files.iter().map(source).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    /// The code without comments and without its tests.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/fixture.rs")
    }
}

#[test]
fn imports_go_one_way() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        IMPORTS.iter().map(|(room, allowed)| (*room, allowed.iter().copied().collect())).collect();
    let import = Regex::new(r"\bcrate::(\w+)").unwrap();
    let group = Regex::new(r"\bcrate::\{([^}]*)\}").unwrap();
    let mut faults = BTreeSet::new();
    for source in sources() {
        if ASSEMBLY.contains(&source.room.as_str()) || source.is_test() {
            continue;
        }
        let Some(allowed) = table.get(source.room.as_str()) else {
            faults.insert(format!("{}: room {} is not in the table", source.path, source.room));
            continue;
        };
        let code = source.code();
        let grouped = group.captures_iter(&code).flat_map(|found| {
            let names =
                found[1].split(',').map(|name| name.trim().split("::").next().unwrap_or("").to_owned());
            names.collect::<Vec<_>>()
        });
        let single = import.captures_iter(&code).map(|found| found[1].to_owned());
        for name in single.chain(grouped).filter(|name| !name.is_empty()) {
            if name != source.room && !allowed.contains(name.as_str()) {
                faults.insert(format!("{}: {} may not import {name}", source.path, source.room));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn some_crates_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for (name, rooms) in RESERVED {
        let word = Regex::new(&format!(r"\b{name}::")).unwrap();
        let strays = sources().into_iter().filter(|source| !rooms.contains(&source.room.as_str()));
        faults.extend(
            strays
                .filter(|source| word.is_match(&source.code()))
                .map(|source| format!("{}: {name} belongs to {rooms:?}", source.path)),
        );
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn pure_rooms_touch_nothing() {
    let mut faults = Vec::new();
    for source in sources().into_iter().filter(|source| PURE.contains(&source.room.as_str())) {
        let code = source.code();
        for word in BANNED {
            let found = Regex::new(&format!(r"\b{word}\b")).unwrap();
            if found.is_match(&code) {
                faults.push(format!("{}: says {word}", source.path));
            }
        }
        if code.contains("crate::clock") {
            faults.push(format!("{}: imports the clock", source.path));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.is_test() && !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "no //! at the top: {silent:#?}");
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut long = Vec::new();
    for source in sources() {
        let lines = source.text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > LINES_MAX && !excused {
            long.push(format!(
                "{}: {lines} lines; {LINES_ADVISED} are advised, {LINES_MAX} the most",
                source.path
            ));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// Settings that have their effect within src/config alone, and which.
const RULED_IN_CONFIG: &[(&str, &str)] = &[
    ("gateways.simulator.params.proof_name", "a value that the profile gets"),
    ("profiles.folder", "the profiles that gateways get (GW10)"),
    ("server.behind_proxy", "lets the configuration name an address that others reach (RS8)"),
];

/// A promise in `config.default.toml` that nobody keeps is worse than no promise.
#[test]
fn every_setting_is_read_by_something() {
    let rooms = sources().into_iter().filter(|source| source.room != "config" && !source.is_test());
    let code = rooms.map(|source| source.code()).collect::<Vec<_>>().join("\n");
    let code = Regex::new(r"\s+\.").unwrap().replace_all(&code, ".").into_owned();
    let defaults: toml::Table = antiphon::config::DEFAULTS.parse().unwrap();
    let mut dead = Vec::new();
    for key in leaves("", &defaults) {
        let path: Vec<&str> = key.split('.').collect();
        // Gateways and channels have names of their own between section and key.
        let (section, name) = (path[0], path[path.len() - 1]);
        let place = if path.len() == 2 { format!(r"\b{section}\.{name}\b") } else { format!(r"\.{name}\b") };
        let is_read = Regex::new(&place).unwrap().is_match(&code);
        let is_excused = RULED_IN_CONFIG.iter().any(|(excused, _)| *excused == key);
        if is_read == is_excused {
            dead.push(format!("{key}: {}", if is_read { "needs no excuse" } else { "nothing reads it" }));
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

/// Dotted keys of a table.
fn leaves(prefix: &str, table: &toml::Table) -> Vec<String> {
    let leaf = |(name, value): (&String, &toml::Value)| {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) => leaves(&format!("{key}."), inner),
            _ => vec![key],
        }
    };
    table.iter().flat_map(leaf).collect()
}

#[test]
fn nothing_is_left_to_do() {
    let word = Regex::new(r"\b(todo!|unimplemented!|TODO|FIXME|XXX)").unwrap();
    let left: Vec<String> = sources()
        .into_iter()
        .filter(|source| word.is_match(&source.text))
        .map(|source| source.path)
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |backend: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(path.join("up.sql").is_file() && path.join("down.sql").is_file(), "{path:?}");
            names.insert(path.file_name().unwrap().to_owned());
        }
        names
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
}
