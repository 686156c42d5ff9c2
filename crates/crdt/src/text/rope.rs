//! The document's text: leaves of a kilobyte, grouped into blocks, addressed by code point.
//!
//! Two levels instead of a tree: at [`super::MAX_DOCUMENT_LENGTH`] there are at most some hundred blocks, whose sizes
//! lie side by side in memory and are summed faster than a tree is descended. A whole text stays one string until it
//! is first edited, so that loading and reading it are copies.

/// Largest leaf in bytes: an insertion moves half of one on average.
const LEAF_BYTES: usize = 1024;
/// Bytes per leaf when text is cut into several, so that the next insertions still fit.
const FILL_BYTES: usize = 704;
/// Neighbouring leaves that fit into this many bytes together become one after a deletion.
const MERGE_BYTES: usize = 512;
/// Most leaves of a block.
const BLOCK_LEAVES: usize = 48;

#[derive(Clone, Debug)]
struct Leaf {
    text: String,
    chars: usize,
}

impl Leaf {
    fn new(text: String) -> Leaf {
        let chars = count_chars(&text);
        Leaf { text, chars }
    }

    /// Byte offset of the `index`-th code point, or of the end.
    fn offset(&self, index: usize) -> usize {
        if self.chars == self.text.len() { index } else { char_offset(&self.text, index) }
    }
}

/// Text under edit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rope {
    /// The whole text as long as nobody has edited it; the blocks are then empty.
    whole: Option<String>,
    /// Code points in each block.
    sizes: Vec<usize>,
    blocks: Vec<Vec<Leaf>>,
    chars: usize,
}

impl Rope {
    pub(crate) fn from_text(text: String) -> Rope {
        let chars = count_chars(&text);
        Rope { whole: Some(text), sizes: Vec::new(), blocks: Vec::new(), chars }
    }

    /// Code points.
    pub(crate) fn len_chars(&self) -> usize {
        self.chars
    }

    pub(crate) fn text(&self) -> String {
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        let bytes = self.blocks.iter().flatten().map(|leaf| leaf.text.len()).sum();
        let mut out = String::with_capacity(bytes);
        for leaf in self.blocks.iter().flatten() {
            out.push_str(&leaf.text);
        }
        out
    }

    /// Inserts before the code point at `position`; past the end is taken as the end.
    pub(crate) fn insert(&mut self, position: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        self.cut_whole();
        let position = position.min(self.chars);
        let chars = count_chars(text);
        self.chars += chars;
        if self.blocks.is_empty() {
            self.blocks.push(Vec::new());
            self.sizes.push(0);
        }
        // An insertion between two leaves goes to the left one: typing continues there.
        let (block, rest) = locate(self.sizes.iter().copied(), position);
        let leaves = &mut self.blocks[block];
        self.sizes[block] += chars;
        if leaves.is_empty() {
            leaves.extend(leaves_of(text));
        } else {
            let (index, rest) = locate(leaves.iter().map(|leaf| leaf.chars), rest);
            let leaf = &mut leaves[index];
            let offset = leaf.offset(rest);
            if leaf.text.len() + text.len() <= LEAF_BYTES {
                leaf.text.insert_str(offset, text);
                leaf.chars += chars;
                return;
            }
            let mut joined = String::with_capacity(leaf.text.len() + text.len());
            joined.push_str(&leaf.text[..offset]);
            joined.push_str(text);
            joined.push_str(&leaf.text[offset..]);
            leaves.splice(index..=index, leaves_of(&joined));
        }
        self.split_block(block);
    }

    /// Deletes `count` code points from `position` on, or those that there are.
    pub(crate) fn delete(&mut self, position: usize, count: usize) {
        self.cut_whole();
        let position = position.min(self.chars);
        let mut left = count.min(self.chars - position);
        if left == 0 {
            return;
        }
        self.chars -= left;
        let (mut block, mut rest) = locate(self.sizes.iter().copied(), position);
        while left > 0 && block < self.blocks.len() {
            let here = left.min(self.sizes[block] - rest);
            if here == self.sizes[block] {
                self.blocks.remove(block);
                self.sizes.remove(block);
            } else {
                delete_within(&mut self.blocks[block], rest, here);
                self.sizes[block] -= here;
                block += 1;
            }
            left -= here;
            rest = 0;
        }
    }

    /// Breaks the whole text into leaves before the first edit.
    fn cut_whole(&mut self) {
        let Some(whole) = self.whole.take() else { return };
        if !whole.is_empty() {
            self.blocks.push(leaves_of(&whole));
            self.sizes.push(self.chars);
            self.split_block(0);
        }
    }

    fn split_block(&mut self, block: usize) {
        if self.blocks[block].len() <= BLOCK_LEAVES {
            return;
        }
        let leaves = std::mem::take(&mut self.blocks[block]);
        let mut parts: Vec<Vec<Leaf>> = Vec::with_capacity(leaves.len() / (BLOCK_LEAVES / 2) + 1);
        for leaf in leaves {
            match parts.last_mut() {
                Some(part) if part.len() < BLOCK_LEAVES / 2 => part.push(leaf),
                _ => parts.push(vec![leaf]),
            }
        }
        let sizes: Vec<usize> = parts.iter().map(|part| part.iter().map(|leaf| leaf.chars).sum()).collect();
        self.sizes.splice(block..=block, sizes);
        self.blocks.splice(block..=block, parts);
    }
}

/// The part of which `position` is the end or inside, with the position in it.
fn locate(sizes: impl ExactSizeIterator<Item = usize>, position: usize) -> (usize, usize) {
    let last = sizes.len().saturating_sub(1);
    let mut rest = position;
    for (index, size) in sizes.enumerate() {
        if rest <= size || index == last {
            return (index, rest.min(size));
        }
        rest -= size;
    }
    (0, 0)
}

/// Deletes `count` code points from `rest` on; fewer than all that the leaves hold.
fn delete_within(leaves: &mut Vec<Leaf>, rest: usize, count: usize) {
    let (mut index, mut rest) = locate(leaves.iter().map(|leaf| leaf.chars), rest);
    let mut left = count;
    while left > 0 && index < leaves.len() {
        let leaf = &mut leaves[index];
        let here = left.min(leaf.chars - rest);
        if here == leaf.chars {
            leaves.remove(index);
        } else {
            let (from, to) = (leaf.offset(rest), leaf.offset(rest + here));
            leaf.text.drain(from..to);
            leaf.chars -= here;
            index += 1;
        }
        left -= here;
        rest = 0;
    }
    // Deletions leave small leaves behind: join the one that was cut with the next.
    let index = index.saturating_sub(1);
    if let [a, b, ..] = &mut leaves[index..]
        && a.text.len() + b.text.len() <= MERGE_BYTES
    {
        a.text.push_str(&b.text);
        a.chars += b.chars;
        leaves.remove(index + 1);
    }
}

fn leaves_of(mut text: &str) -> Vec<Leaf> {
    let mut leaves = Vec::with_capacity(text.len() / FILL_BYTES + 1);
    while text.len() > LEAF_BYTES {
        let (leaf, rest) = text.split_at(text.floor_char_boundary(FILL_BYTES));
        leaves.push(leaf);
        text = rest;
    }
    leaves.push(text);
    leaves.into_iter().map(|text| Leaf::new(text.to_owned())).collect()
}

/// Number of code points.
pub(crate) fn count_chars(text: &str) -> usize {
    // Most local edits are one key.
    if text.len() == 1 { 1 } else { text.chars().count() }
}

/// Byte offset of the `index`-th code point of `text`, or of the end if there are fewer.
pub(crate) fn char_offset(text: &str, index: usize) -> usize {
    /// Bytes whose code points are counted at once, in vector registers.
    const STRIDE: usize = 64;
    let bytes = text.as_bytes();
    let (mut at, mut left) = (0, index);
    while let Some(stride) = bytes.get(at..at + STRIDE) {
        let starts = usize::from(stride.iter().map(|byte| u8::from(is_start(*byte))).sum::<u8>());
        if starts > left {
            break;
        }
        left -= starts;
        at += STRIDE;
    }
    for (offset, byte) in bytes[at..].iter().enumerate() {
        if is_start(*byte) {
            if left == 0 {
                return at + offset;
            }
            left -= 1;
        }
    }
    text.len()
}

/// Not a continuation byte (RFC 3629 §3).
fn is_start(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Edit {
        Insert(u16, String),
        Delete(u16, u16),
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        let text = ("[a-cé🎉]{1,6}", prop_oneof![8 => Just(1usize), 1 => 100usize..900])
            .prop_map(|(text, times)| text.repeat(times));
        prop_oneof![
            3 => (any::<u16>(), text).prop_map(|(at, text)| Edit::Insert(at, text)),
            1 => (any::<u16>(), any::<u16>()).prop_map(|(at, count)| Edit::Delete(at, count)),
            2 => (any::<u16>(), 0u16..5).prop_map(|(at, count)| Edit::Delete(at, count)),
        ]
    }

    fn check(rope: &Rope, model: &[char]) -> Result<(), TestCaseError> {
        prop_assert_eq!(rope.text(), model.iter().collect::<String>());
        prop_assert_eq!(rope.len_chars(), model.len());
        for (size, block) in rope.sizes.iter().zip(&rope.blocks) {
            prop_assert_eq!(*size, block.iter().map(|leaf| leaf.chars).sum::<usize>());
            prop_assert!(block.len() <= BLOCK_LEAVES);
            for leaf in block {
                prop_assert_eq!(leaf.chars, leaf.text.chars().count());
                prop_assert!(leaf.text.len() <= LEAF_BYTES);
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn is_a_list_of_characters(start in "[aé🎉]{0,30}", edits in prop::collection::vec(any_edit(), 1..30)) {
            let mut rope = Rope::from_text(start.repeat(60));
            let mut model: Vec<char> = start.repeat(60).chars().collect();
            for edit in edits {
                match edit {
                    Edit::Insert(at, text) => {
                        let at = at as usize % (model.len() + 1);
                        rope.insert(at, &text);
                        model.splice(at..at, text.chars());
                    }
                    Edit::Delete(at, count) => {
                        let at = at as usize % (model.len() + 1);
                        let count = count as usize % (model.len() - at + 1);
                        rope.delete(at, count);
                        model.drain(at..at + count);
                    }
                }
                check(&rope, &model)?;
            }
        }

        #[test]
        fn offsets_are_those_of_char_indices(text in "[aé語🎉]{0,200}", index in 0usize..220) {
            let expected = text.char_indices().nth(index).map_or(text.len(), |(offset, _)| offset);
            prop_assert_eq!(char_offset(&text, index), expected);
        }
    }

    /// What nobody edits is not copied into leaves, and blocks split when a long text arrives.
    #[test]
    fn blocks_split() {
        let text = "x".repeat(10 * LEAF_BYTES * BLOCK_LEAVES);
        let mut rope = Rope::from_text(text.clone());
        assert!(rope.blocks.is_empty());
        rope.insert(5, "yé");
        assert!(rope.blocks.len() > 10);
        rope.delete(5, 2);
        assert_eq!(rope.text(), text);
    }
}
