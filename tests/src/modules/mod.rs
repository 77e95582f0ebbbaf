//! Which files of a crate use which: its module graph, and the cycles in it.
//!
//! A file uses another where one of its paths names an item that the other defines, with imports and
//! re-exports followed to the definition. Tests (`#[cfg(test)]`) are left out, and so is a `pub use`,
//! which only passes a name on. Methods are not seen: only what is named by a path.

mod resolve;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

pub use tree::ParseError;

/// The files of one crate, by their paths below `src`, with the names that each takes from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleGraph {
    /// Every file of the crate.
    pub files: BTreeSet<String>,
    /// (user, used) to the names that the user takes.
    pub uses: BTreeMap<(String, String), BTreeSet<String>>,
}

impl ModuleGraph {
    /// Reads the crate whose folder is `root`, from `src/lib.rs` (or `src/main.rs`) on.
    ///
    /// # Errors
    /// A file that is not there or is not Rust.
    ///
    /// ```
    /// let rnn = concat!(env!("CARGO_MANIFEST_DIR"), "/../rnn");
    /// let graph = tests::modules::ModuleGraph::read(rnn.as_ref())?;
    /// assert!(graph.files.contains("lstm/mod.rs"));
    /// # Ok::<(), tests::modules::ParseError>(())
    /// ```
    pub fn read(root: &Path) -> Result<Self, ParseError> {
        let tree = tree::Tree::read(&root.join("src"))?;
        let files = tree.modules.iter().map(|module| module.file.clone()).collect();
        let mut uses: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (at, module) in tree.modules.iter().enumerate() {
            for path in &module.paths {
                let Some((used, name)) = resolve::definition(&tree, at, path) else { continue };
                let used = &tree.modules[used].file;
                if *used != module.file {
                    let edge = (module.file.clone(), used.clone());
                    uses.entry(edge).or_default().insert(name.to_owned());
                }
            }
        }
        Ok(Self { files, uses })
    }

    /// Cycles of files: sets of which each file reaches every other.
    pub fn file_cycles(&self) -> Vec<BTreeSet<&str>> {
        cycles(self.uses.keys().map(|(user, used)| (user.as_str(), used.as_str())))
    }

    /// Cycles of top-level modules, each with all of its folder.
    pub fn module_cycles(&self) -> Vec<BTreeSet<&str>> {
        let edges = self.uses.keys().map(|(user, used)| (top(user), top(used)));
        cycles(edges.filter(|(user, used)| user != used))
    }

    /// The uses between different members of a set of files or of top-level modules, a line each:
    /// `user -> used: names`.
    pub fn uses_within(&self, set: &BTreeSet<&str>) -> Vec<String> {
        let member = |file: &str| set.iter().copied().find(|&m| m == file || m == top(file));
        let inside = |(user, used): &(String, String)| matches!((member(user), member(used)), (Some(a), Some(b)) if a != b);
        let edges = self.uses.iter().filter(|(edge, _)| inside(edge));
        edges
            .map(|((user, used), names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{user} -> {used}: {}", names.join(", "))
            })
            .collect()
    }

    /// The graph of the crate's top-level modules: each with those that it uses.
    pub fn by_module(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for file in &self.files {
            modules.entry(top(file)).or_default();
        }
        for (user, used) in self.uses.keys() {
            let (user, used) = (top(user), top(used));
            if user != used {
                modules.entry(user).or_default().insert(used);
            }
        }
        modules
    }
}

impl ModuleGraph {
    /// The crate's top-level modules in layers, the lowest first: each uses modules of lower layers
    /// alone. A module of a cycle, or one that uses such, is in none.
    pub fn layers(&self) -> Vec<Vec<&str>> {
        let mut left = self.by_module();
        left.retain(|module, _| *module != "lib" && *module != "main");
        let mut layers = Vec::new();
        loop {
            let is_free = |uses: &BTreeSet<&str>| uses.iter().all(|used| !left.contains_key(used));
            let free = left.iter().filter(|(_, uses)| is_free(uses));
            let layer: Vec<&str> = free.map(|(module, _)| *module).collect();
            if layer.is_empty() {
                return layers;
            }
            left.retain(|module, _| !layer.contains(module));
            layers.push(layer);
        }
    }
}

fn cycles<'a>(edges: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let graph: DiGraphMap<&str, ()> = DiGraphMap::from_edges(edges);
    let sets = tarjan_scc(&graph).into_iter().filter(|set| set.len() > 1);
    let mut cycles: Vec<BTreeSet<&str>> = sets.map(BTreeSet::from_iter).collect();
    cycles.sort();
    cycles
}

/// The top-level module that a file belongs to.
fn top(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}
