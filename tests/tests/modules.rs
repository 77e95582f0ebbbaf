//! No crate's files, and no crate's top-level modules, use each other in a cycle; ARCHITECTURE.md shows
//! the layers that so there are.

use std::path::{Path, PathBuf};

use tests::modules::ModuleGraph;

/// The folders of all crates of the workspace.
fn crates(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries: Vec<_> = std::fs::read_dir(root)?.collect::<Result<_, _>>()?;
    let folders = entries.into_iter().map(|entry| entry.path());
    let mut crates: Vec<_> = folders.filter(|path| path.join("src/lib.rs").is_file()).collect();
    crates.sort();
    Ok(crates)
}

#[test]
fn no_modules_use_each_other_in_a_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let crates = crates(&root).unwrap();
    assert!(crates.len() >= 7, "{crates:?}");
    let mut found = 0;
    for path in crates {
        let name = path.file_name().unwrap_or_default().display();
        let graph = ModuleGraph::read(&path).unwrap();
        println!("{name}: {} files, {} uses", graph.files.len(), graph.uses.len());
        for (what, cycles) in [("files", graph.file_cycles()), ("modules", graph.module_cycles())] {
            for cycle in cycles {
                found += 1;
                println!("{name}: a cycle of {} {what}:", cycle.len());
                graph.uses_within(&cycle).iter().for_each(|edge| println!("  {edge}"));
            }
        }
    }
    assert_eq!(found, 0, "cycles, listed above with the uses that make them");
}

#[test]
fn the_architecture_shows_the_layers_of_modules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut shown = String::new();
    for path in crates(&root).unwrap() {
        let graph = ModuleGraph::read(&path).unwrap();
        shown += &format!("{}\n", path.file_name().unwrap_or_default().display());
        for (i, layer) in graph.layers().iter().enumerate() {
            shown += &format!("  {}  {}\n", i + 1, layer.join(", "));
        }
    }
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    assert!(text.replace("\r\n", "\n").contains(&shown), "ARCHITECTURE.md should hold\n\n{shown}");
}
