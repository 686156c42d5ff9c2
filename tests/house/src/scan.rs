//! What one module of a source file says: the names it imports, uses and defines, its texts and its numbers. Code that
//! only tests compile is left out.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Lit, Pat, UseTree, Visibility};

use crate::cfg;

/// A `use` declaration, one for each name it brings in.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    /// The name in this module; `None` for `*`.
    pub name: Option<String>,
    /// Visible outside of the module: a re-export, not by itself a use.
    pub public: bool,
    pub line: usize,
}

/// A path in the code, e.g. `crate::store::append`.
#[derive(Debug, PartialEq, Eq)]
pub struct Used {
    pub path: Vec<String>,
    pub line: usize,
}

/// A string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub line: usize,
}

/// A module declared here, with its content where that stands here as well.
#[derive(Debug)]
pub struct Child {
    pub name: String,
    /// The file that `#[path]` names.
    pub path: Option<String>,
    pub content: Option<Scope>,
}

/// A call whose first argument is a text, e.g. `setting::number("MAX_BATCH", 100)`.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    pub path: Vec<String>,
    pub argument: String,
    pub line: usize,
}

/// What a module says.
#[derive(Debug, Default)]
pub struct Scope {
    pub imports: Vec<Import>,
    pub paths: Vec<Used>,
    pub texts: Vec<Text>,
    pub calls: Vec<Call>,
    /// Lines on which a number is taken for an HTTP status.
    pub statuses: Vec<usize>,
    /// Lines on which an asynchronous function begins.
    pub asyncs: Vec<usize>,
    /// Names that the `settings!` table declares.
    pub settings: Vec<Text>,
    /// Names of functions, types, constants and macros that are defined here.
    pub items: BTreeSet<String>,
    pub modules: Vec<Child>,
}

/// Reads a module.
pub fn scan(items: &[Item]) -> Scope {
    let mut visitor = Visitor::default();
    for item in items {
        visitor.visit_item(item);
    }
    visitor.scope
}

/// Whether a name is written as those of environment variables are.
pub fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[derive(Default)]
struct Visitor {
    scope: Scope,
    /// How deep inside functions: what is defined there is nobody else's.
    inside: usize,
}

fn line(spanned: &impl Spanned) -> usize {
    spanned.span().start().line
}

/// The attributes of an item, and the name by which others know it.
fn head(item: &Item) -> (&[Attribute], Option<String>) {
    match item {
        Item::Const(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Enum(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Fn(it) => (&it.attrs, Some(it.sig.ident.to_string())),
        Item::Impl(it) => (&it.attrs, None),
        Item::Macro(it) => (&it.attrs, it.ident.as_ref().map(ToString::to_string)),
        Item::Mod(it) => (&it.attrs, None),
        Item::Static(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Struct(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Trait(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Type(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Union(it) => (&it.attrs, Some(it.ident.to_string())),
        Item::Use(it) => (&it.attrs, None),
        _ => (&[], None),
    }
}

fn flatten(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Option<String>, usize)>) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, found);
            path.pop();
        }
        UseTree::Name(name) => {
            let own = name.ident.to_string();
            let mut whole = path.clone();
            let known_as = if own == "self" { path.last().cloned() } else { Some(own.clone()) };
            if own != "self" {
                whole.push(own);
            }
            found.push((whole, known_as, line(name)));
        }
        UseTree::Rename(rename) => {
            let mut whole = path.clone();
            if rename.ident != "self" {
                whole.push(rename.ident.to_string());
            }
            found.push((whole, Some(rename.rename.to_string()), line(rename)));
        }
        UseTree::Glob(star) => found.push((path.clone(), None, line(star))),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, found)),
    }
}

/// Whether an expression is called a status, e.g. `reply.status`, `problem.status()`.
fn is_status(expr: &Expr) -> bool {
    match expr {
        Expr::Field(field) => matches!(&field.member, syn::Member::Named(name) if name == "status"),
        Expr::MethodCall(call) => {
            call.method == "status" || (call.method == "as_u16" && is_status(&call.receiver))
        }
        Expr::Path(path) => path.path.is_ident("status"),
        Expr::Paren(inner) => is_status(&inner.expr),
        Expr::Reference(inner) => is_status(&inner.expr),
        Expr::Unary(inner) => is_status(&inner.expr),
        _ => false,
    }
}

fn status_number(lit: &Lit) -> bool {
    matches!(lit, Lit::Int(int) if int.base10_parse::<u16>().is_ok_and(|number| (100..600).contains(&number)))
}

fn is_status_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(lit) if status_number(&lit.lit))
}

fn names_status(pattern: &Pat) -> bool {
    match pattern {
        Pat::Lit(lit) => status_number(&lit.lit),
        Pat::Or(or) => or.cases.iter().any(names_status),
        Pat::Range(range) => {
            [&range.start, &range.end].into_iter().flatten().any(|bound| is_status_literal(bound))
        }
        Pat::Ident(ident) => ident.subpat.as_ref().is_some_and(|(_, pattern)| names_status(pattern)),
        _ => false,
    }
}

impl Visitor {
    fn text(&mut self, value: String, line: usize) {
        self.scope.texts.push(Text { value, line });
    }

    /// Paths and literals of a macro's tokens. In an attribute a text may be a path, as in `#[serde(with = "…")]`.
    fn tokens(&mut self, tokens: TokenStream, attribute: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        let joined = |at: usize| is(at, ':') && is(at + 1, ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream(), attribute),
                TokenTree::Literal(literal) => match Lit::new(literal.clone()) {
                    Lit::Str(text) if attribute => {
                        let path: Vec<String> = text.value().split("::").map(str::to_owned).collect();
                        self.scope.paths.push(Used { path, line: line(&text) });
                    }
                    Lit::Str(text) => self.text(text.value(), line(&text)),
                    _ => {}
                },
                TokenTree::Ident(first) => {
                    let absolute = at >= 2 && joined(at - 2);
                    let member = at >= 1 && is(at - 1, '.') && !(at >= 2 && is(at - 2, '.'));
                    let mut path = vec![first.to_string()];
                    while joined(at + 1) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(next.to_string());
                        at += 3;
                    }
                    let label = path.len() == 1 && is(at + 1, ':') && !joined(at + 1);
                    if !absolute && !member && !label {
                        self.scope.paths.push(Used { path, line: line(first) });
                    }
                }
                TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// `NAME: type = …` in a table of settings, at whatever depth.
    fn settings(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colon =
            |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.settings(group.stream()),
                TokenTree::Ident(name) if colon(at + 1) && !colon(at + 2) => {
                    let value = name.to_string();
                    if is_variable(&value) {
                        self.scope.settings.push(Text { value, line: line(name) });
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether tokens speak of a status and have a number that may be one: `matches!(reply.status, 404 | 410)`.
fn compares_status(tokens: TokenStream) -> bool {
    let (mut named, mut numbered) = (false, false);
    for token in tokens {
        match token {
            TokenTree::Ident(name) => named |= name == "status",
            TokenTree::Literal(literal) => numbered |= status_number(&Lit::new(literal)),
            _ => {}
        }
    }
    named && numbered
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = head(item);
        if cfg::only_for_tests(attributes) {
            return;
        }
        if let Some(name) = name.filter(|_| self.inside == 0) {
            self.scope.items.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.scope.modules.push(Child {
            name: module.ident.to_string(),
            path: cfg::path_attribute(&module.attrs),
            content: module.content.as_ref().map(|(_, items)| scan(items)),
        });
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut found = Vec::new();
        // `use ::name` can only be another crate.
        let mut path = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        flatten(&item.tree, &mut path, &mut found);
        let public = !matches!(item.vis, Visibility::Inherited);
        let imports = found.into_iter().map(|(path, name, line)| Import { path, name, public, line });
        self.scope.imports.extend(imports);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if function.sig.asyncness.is_some() {
            self.scope.asyncs.push(line(&function.sig));
        }
        self.inside += 1;
        visit::visit_item_fn(self, function);
        self.inside -= 1;
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(it) => it.attrs.as_slice(),
            syn::ImplItem::Const(it) => &it.attrs,
            _ => &[],
        };
        if !cfg::only_for_tests(attributes) {
            self.inside += 1;
            visit::visit_impl_item(self, item);
            self.inside -= 1;
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if !attribute.path().is_ident("doc")
            && let syn::Meta::List(list) = &attribute.meta
        {
            self.tokens(list.tokens.clone(), true);
        }
    }

    /// `pub(in path)` is no use of the path.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if path.leading_colon.is_some() {
            segments.insert(0, String::new());
        }
        self.scope.paths.push(Used { path: segments, line: line(path) });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        if call.path.segments.last().is_some_and(|name| name.ident == "settings") {
            self.settings(call.tokens.clone());
        }
        if compares_status(call.tokens.clone()) {
            self.scope.statuses.push(line(call));
        }
        self.tokens(call.tokens.clone(), false);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.text(text.value(), line(text));
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (left, right) = (&*binary.left, &*binary.right);
        if (is_status(left) && is_status_literal(right)) || (is_status_literal(left) && is_status(right)) {
            self.scope.statuses.push(line(binary));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_match(&mut self, expr: &'ast syn::ExprMatch) {
        if is_status(&expr.expr) {
            let named = expr.arms.iter().filter(|arm| names_status(&arm.pat));
            self.scope.statuses.extend(named.map(|arm| line(&arm.pat)));
        }
        visit::visit_expr_match(self, expr);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let makes_one = |path: &syn::Path| {
            let last: Vec<String> =
                path.segments.iter().rev().take(2).map(|part| part.ident.to_string()).collect();
            last.first().is_some_and(|name| name == "from_u16")
                || (last.first().is_some_and(|name| name == "new")
                    && last.get(1).is_some_and(|name| name == "Problem"))
        };
        if let (Expr::Path(function), Some(Expr::Lit(first))) = (&*call.func, call.args.first())
            && let Lit::Str(text) = &first.lit
        {
            let path = function.path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.scope.calls.push(Call { path, argument: text.value(), line: line(call) });
        }
        if let Expr::Path(function) = &*call.func
            && makes_one(&function.path)
            && call.args.first().is_some_and(is_status_literal)
        {
            self.scope.statuses.push(line(call));
        }
        visit::visit_expr_call(self, call);
    }
}
