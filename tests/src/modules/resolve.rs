//! From a path in a module to the module that defines what it names.

use super::tree::Tree;

/// Imports that lead to imports are followed so far and no further.
const DEPTH: usize = 32;

/// The module that defines what `path`, as it stands in module `at`, names, and the name. `None` for
/// a module, for what another crate defines and for what is local to a function.
pub(super) fn definition<'a>(
    tree: &Tree,
    at: usize,
    path: &'a [String],
) -> Option<(usize, &'a str)> {
    let path: Vec<&'a str> = path.iter().map(String::as_str).collect();
    follow(tree, at, &path, DEPTH).map(|found| (found, path[path.len() - 1]))
}

fn follow(tree: &Tree, at: usize, path: &[&str], depth: usize) -> Option<usize> {
    let (mut module, mut rest) = (at, path);
    // A name is looked for in the module itself until a first segment has been found.
    let mut entered = false;
    if depth == 0 {
        return None;
    }
    while let Some((&name, tail)) = rest.split_first() {
        match name {
            "crate" => module = 0,
            "self" => {}
            "super" => module = tree.modules[module].parent?,
            _ => {
                let here = &tree.modules[module];
                if let Some(&child) = here.children.get(name) {
                    module = child;
                } else if here.items.contains(name) {
                    return Some(module);
                } else if let Some(import) = here.imports.get(name) {
                    let whole: Vec<&str> =
                        import.iter().map(String::as_str).chain(tail.iter().copied()).collect();
                    // An import of the form `use x::{self}` in x's parent would lead here again.
                    return if whole == rest && !entered {
                        None
                    } else {
                        follow(tree, module, &whole, depth - 1)
                    };
                } else {
                    let through_glob = here.globs.iter().find_map(|glob| {
                        let whole: Vec<&str> =
                            glob.iter().map(String::as_str).chain(rest.iter().copied()).collect();
                        known(tree, module, &whole, depth - 1)
                    });
                    // What a macro defines is not seen; its file is the module's.
                    return through_glob.or(entered.then_some(module));
                }
            }
        }
        entered = true;
        rest = tail;
    }
    None
}

/// As [`follow`], and only where the last name is known to be there.
fn known(tree: &Tree, at: usize, path: &[&str], depth: usize) -> Option<usize> {
    let found = follow(tree, at, path, depth)?;
    let name = path.last()?;
    let module = &tree.modules[found];
    (module.items.contains(*name) || path.iter().any(|n| module.items.contains(*n)))
        .then_some(found)
}
