//! A crate's modules as their files have them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A source file that cannot be read or parsed.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The system refused to read it.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not Rust.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: syn::Error,
    },
}

/// One module: a file, or an inline `mod` within one.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: String,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    pub(super) items: BTreeSet<String>,
    /// Names brought in by `use`, re-exports included, with their paths.
    pub(super) imports: BTreeMap<String, Vec<String>>,
    /// Paths of `use path::*`.
    pub(super) globs: Vec<Vec<String>>,
    /// Every path that is used here; not those of re-exports.
    pub(super) paths: BTreeSet<Vec<String>>,
}

/// All modules of a crate, the root first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
}

impl Tree {
    pub(super) fn read(src: &Path) -> Result<Self, ParseError> {
        let mut tree = Self::default();
        let root = if src.join("lib.rs").exists() { "lib.rs" } else { "main.rs" };
        tree.file(src, root, None, "")?;
        Ok(tree)
    }

    /// Reads `file`, whose child modules lie in the folder `folder`; both are relative to `src`.
    fn file(
        &mut self,
        src: &Path,
        file: &str,
        parent: Option<usize>,
        folder: &str,
    ) -> Result<usize, ParseError> {
        let path = src.join(file);
        let text = fs::read_to_string(&path)
            .map_err(|source| ParseError::Io { path: path.clone(), source })?;
        let parsed =
            syn::parse_file(&text).map_err(|source| ParseError::Syntax { path, source })?;
        self.items(src, &parsed.items, file, parent, folder)
    }

    fn items(
        &mut self,
        src: &Path,
        items: &[syn::Item],
        file: &str,
        parent: Option<usize>,
        folder: &str,
    ) -> Result<usize, ParseError> {
        let at = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        for item in items {
            if is_test(attributes(item)) {
                continue;
            }
            if let syn::Item::Mod(module) = item {
                let name = module.ident.to_string();
                let inner = format!("{folder}{name}/");
                let child = if let Some((_, items)) = &module.content {
                    self.items(src, items, file, Some(at), &inner)?
                } else {
                    let in_folder = format!("{inner}mod.rs");
                    let beside = format!("{folder}{name}.rs");
                    let file = if src.join(&in_folder).exists() { in_folder } else { beside };
                    self.file(src, &file, Some(at), &inner)?
                };
                self.modules[at].children.insert(name, child);
            } else {
                Reader { module: &mut self.modules[at], depth: 0 }.visit_item(item);
            }
        }
        Ok(at)
    }
}

/// Collects what one module defines, imports and names.
struct Reader<'a> {
    module: &'a mut Module,
    /// 0 for the module's own items, more inside functions.
    depth: usize,
}

impl Reader<'_> {
    fn import(&mut self, tree: &syn::UseTree, mut path: Vec<String>, is_reexport: bool) {
        match tree {
            syn::UseTree::Path(p) => {
                path.push(p.ident.to_string());
                self.import(&p.tree, path, is_reexport);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), is_reexport);
                }
            }
            syn::UseTree::Glob(_) => self.module.globs.push(path),
            syn::UseTree::Name(n) if n.ident == "self" => {
                let name = path.last().cloned().unwrap_or_default();
                self.name(name, path, is_reexport);
            }
            syn::UseTree::Name(n) => {
                path.push(n.ident.to_string());
                self.name(n.ident.to_string(), path, is_reexport);
            }
            syn::UseTree::Rename(r) => {
                if r.ident != "self" {
                    path.push(r.ident.to_string());
                }
                self.name(r.rename.to_string(), path, is_reexport);
            }
        }
    }

    fn name(&mut self, name: String, path: Vec<String>, is_reexport: bool) {
        if !is_reexport {
            self.module.paths.insert(path.clone());
        }
        self.module.imports.insert(name, path);
    }

    fn path(&mut self, segments: Vec<String>) {
        if !segments.is_empty() {
            self.module.paths.insert(segments);
        }
    }

    /// Paths inside a macro call, whose tokens are not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons < 2 {
                        self.path(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(p) if p.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                    self.tokens(group.stream());
                }
                _ => {
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.path(path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_test(attributes(item)) {
            return;
        }
        if let (0, Some(name)) = (self.depth, name_of(item)) {
            self.module.items.insert(name);
        }
        self.depth += 1;
        visit::visit_item(self, item);
        self.depth -= 1;
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        if let syn::ImplItem::Fn(function) = item
            && is_test(&function.attrs)
        {
            return;
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_reexport = !matches!(item.vis, syn::Visibility::Inherited);
        let path = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        self.import(&item.tree, path, is_reexport);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.path(path.segments.iter().map(|s| s.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    // Neither names an item that is used.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The name of an item that a path can end at.
fn name_of(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(i) => &i.ident,
        syn::Item::Enum(i) => &i.ident,
        syn::Item::Fn(i) => &i.sig.ident,
        syn::Item::Static(i) => &i.ident,
        syn::Item::Struct(i) => &i.ident,
        syn::Item::Trait(i) => &i.ident,
        syn::Item::TraitAlias(i) => &i.ident,
        syn::Item::Type(i) => &i.ident,
        syn::Item::Union(i) => &i.ident,
        syn::Item::Macro(i) => i.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Union(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// True for `#[cfg(test)]` and for conditions that hold in tests only, as `#[cfg(all(test, ...))]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let text = list.tokens.to_string();
                text == "test" || (text.starts_with("all") && text.contains("test"))
            })
    })
}
