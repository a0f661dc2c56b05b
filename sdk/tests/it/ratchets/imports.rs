//! Which files of a crate import which.

use std::collections::{BTreeMap, BTreeSet};

use syn::UseTree;

use super::sources::Source;

/// A module by its path in the crate: `[]` is the crate's root.
type Module = Vec<String>;

/// Files that import each other in a circle: the crate, and the path of the module.
pub(super) fn cycles(sources: &[Source]) -> Vec<String> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources.iter().filter(|s| s.is_product() && s.path.contains("/src/")) {
        crates.entry(source.package()).or_default().push(source);
    }
    let mut found = Vec::new();
    for (name, files) in crates {
        let modules: BTreeSet<Module> = files.iter().map(|file| module(file)).collect();
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for file in files {
            let from = module(file);
            let mut uses = BTreeSet::new();
            imported(file, &from, &mut uses);
            let to = uses.into_iter().filter_map(|path| deepest(&path, &modules));
            let to = to.filter(|to| !from.starts_with(to) && !to.starts_with(&from));
            edges.entry(from.clone()).or_default().extend(to);
        }
        let circular = modules.iter().filter(|module| reaches(module, module, &edges));
        found.extend(circular.map(|module| format!("{name}:{}", module.join("::"))));
    }
    found
}

fn module(file: &Source) -> Module {
    let inside = file.path.split("/src/").nth(1).unwrap_or_default();
    let inside = inside.trim_end_matches(".rs");
    let parts = inside.split('/').filter(|part| !["lib", "main", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

/// The module of a file that a path leads into.
fn deepest(path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    (0..=path.len()).rev().map(|n| path[..n].to_vec()).find(|prefix| modules.contains(prefix))
}

/// Paths behind `use`, from the crate's root.
fn imported(source: &Source, module: &Module, out: &mut BTreeSet<Module>) {
    let file = syn::parse_str::<syn::File>(&source.text);
    let file = file.unwrap_or_else(|e| panic!("{}: {e}", source.path));
    for item in &file.items {
        if let syn::Item::Use(item) = item {
            paths(&item.tree, &mut Vec::new(), module, out);
        }
    }
}

fn paths(tree: &UseTree, prefix: &mut Vec<String>, module: &Module, out: &mut BTreeSet<Module>) {
    let depth = prefix.len();
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            paths(&path.tree, prefix, module, out);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| paths(tree, prefix, module, out)),
        UseTree::Name(name) => {
            prefix.push(name.ident.to_string());
            finish(prefix, module, out);
        }
        UseTree::Rename(name) => {
            prefix.push(name.ident.to_string());
            finish(prefix, module, out);
        }
        UseTree::Glob(_) => finish(prefix, module, out),
    }
    prefix.truncate(depth);
}

fn finish(path: &[String], module: &Module, out: &mut BTreeSet<Module>) {
    match path.first().map(String::as_str) {
        Some("crate") => {
            out.insert(path[1..].to_vec());
        }
        Some("self") => {
            out.insert([module, &path[1..]].concat());
        }
        Some("super") => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let base = module.len().saturating_sub(up);
            out.insert([&module[..base], &path[up..]].concat());
        }
        _ => {}
    }
}

fn reaches(from: &Module, to: &Module, edges: &BTreeMap<Module, BTreeSet<Module>>) -> bool {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(module) = left.pop() {
        for next in edges.get(module).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                left.push(next);
            }
        }
    }
    false
}
