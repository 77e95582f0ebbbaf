//! No crate's files, and no crate's top-level modules, use each other in a cycle.

use std::path::Path;

use tests::modules::ModuleGraph;

/// The crates without a cycle. Every crate belongs here; one that is missing has cycles to open.
const CRATES: [&str; 6] = ["attention", "rnn", "tensor", "tests", "tokenizer", "tui"];

#[test]
fn no_modules_use_each_other_in_a_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = 0;
    for name in CRATES {
        let graph = ModuleGraph::read(&root.join(name)).unwrap();
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
