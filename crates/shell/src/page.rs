//! The one pager: a list is asked for one row more than its page holds, which tells whether there is a next page.

use ramanujan_core::Problem;

use crate::request::Query;
use crate::setting::Setting;

/// `PAGE_LIMIT_MAX`: most entries of a page, in every component that has lists.
pub const PAGE_LIMIT_MAX: Setting<u64> = Setting::new("PAGE_LIMIT_MAX", || 1000, "entries");

/// The size of a page.
///
/// ```
/// use ramanujan_shell::page::Pager;
///
/// let pager = Pager::of(2);
/// assert_eq!(pager.fetch(), 3);
/// let page = pager.cut(vec!["a", "b", "c"]);
/// assert_eq!((page.next(|last| last.to_uppercase()), page.items), (Some("B".to_owned()), vec!["a", "b"]));
/// assert!(!pager.cut(vec!["c"]).more);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pager {
    limit: u64,
}

impl Pager {
    /// A page of at most `limit` entries.
    pub const fn of(limit: u64) -> Self {
        Pager { limit }
    }

    /// Most entries of the page.
    pub const fn limit(self) -> u64 {
        self.limit
    }

    /// How many rows to ask the store for: one more than the page holds.
    pub const fn fetch(self) -> u64 {
        self.limit.saturating_add(1)
    }

    /// The page that the rows make.
    pub fn cut<T>(self, mut rows: Vec<T>) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Page { items: rows, more }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Whether others come after them.
    pub more: bool,
}

impl<T> Page<T> {
    /// Where the next page begins, made from this one's last entry; `None` on the last page.
    pub fn next<C>(&self, cursor: impl FnOnce(&T) -> C) -> Option<C> {
        self.items.last().filter(|_| self.more).map(cursor)
    }

    /// The same page of what `entry` makes of each entry.
    pub fn map<U>(self, entry: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(entry).collect(), more: self.more }
    }

    /// As [`Page::map`], where an entry may be refused.
    ///
    /// # Errors
    /// The first of `entry`.
    pub fn try_map<U>(self, entry: impl FnMut(T) -> Result<U, Problem>) -> Result<Page<U>, Problem> {
        Ok(Page { items: self.items.into_iter().map(entry).collect::<Result<_, _>>()?, more: self.more })
    }
}

impl Query<'_> {
    /// The page size that `limit` asks for: 1 to `PAGE_LIMIT_MAX`, `default` if absent.
    ///
    /// # Errors
    /// 422 `invalid-parameter`; 500 `invalid-setting`.
    pub fn pager(&self, default: u64) -> Result<Pager, Problem> {
        self.limit(default, PAGE_LIMIT_MAX.read()?.max(1)).map(Pager::of)
    }
}
