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

/// Leaves with their sizes beside them, which are all that a search reads.
#[derive(Clone, Debug, Default)]
struct Block {
    /// Code points in each leaf.
    sizes: Vec<u32>,
    leaves: Vec<String>,
}

impl Block {
    fn new(leaves: Vec<String>) -> Block {
        Block { sizes: leaves.iter().map(|leaf| count_chars(leaf) as u32).collect(), leaves }
    }

    fn chars(&self) -> usize {
        self.sizes.iter().map(|size| *size as usize).sum()
    }

    /// Byte offset of a leaf's `index`-th code point, or of its end.
    fn offset(&self, leaf: usize, index: usize) -> usize {
        let text = &self.leaves[leaf];
        if self.sizes[leaf] as usize == text.len() { index } else { char_offset(text, index) }
    }

    fn locate(&self, position: usize) -> (usize, usize) {
        locate(self.sizes.iter().map(|size| *size as usize), position)
    }

    /// Inserts `text` of `chars` code points.
    fn insert(&mut self, position: usize, text: &str, chars: usize) {
        if self.leaves.is_empty() {
            *self = Block::new(leaves_of(text));
            return;
        }
        let (index, rest) = self.locate(position);
        let offset = self.offset(index, rest);
        let leaf = &mut self.leaves[index];
        if leaf.len() + text.len() <= LEAF_BYTES {
            if leaf.capacity() < leaf.len() + text.len() {
                // By what it may take at most, not by as much again.
                leaf.reserve_exact((leaf.len() / 4).max(text.len()).min(LEAF_BYTES - leaf.len()));
            }
            leaf.insert_str(offset, text);
            self.sizes[index] += chars as u32;
            return;
        }
        let joined = [&leaf[..offset], text, &leaf[offset..]].concat();
        let Block { sizes, leaves } = Block::new(leaves_of(&joined));
        self.sizes.splice(index..=index, sizes);
        self.leaves.splice(index..=index, leaves);
    }

    /// Deletes `count` code points from `position` on; fewer than all that there are.
    fn delete(&mut self, position: usize, count: usize) {
        let (mut index, mut rest) = self.locate(position);
        let mut left = count;
        while left > 0 && index < self.leaves.len() {
            let size = self.sizes[index] as usize;
            let here = left.min(size - rest);
            if here == size {
                self.leaves.remove(index);
                self.sizes.remove(index);
            } else {
                let (from, to) = (self.offset(index, rest), self.offset(index, rest + here));
                self.leaves[index].drain(from..to);
                self.sizes[index] -= here as u32;
                index += 1;
            }
            left -= here;
            rest = 0;
        }
        // Deletions leave small leaves behind: join the one that was cut with the next.
        let index = index.saturating_sub(1);
        if let [a, b, ..] = &mut self.leaves[index..]
            && a.len() + b.len() <= MERGE_BYTES
        {
            a.push_str(b);
            self.leaves.remove(index + 1);
            self.sizes[index] += self.sizes.remove(index + 1);
        }
    }
}

/// Text under edit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rope {
    /// The whole text as long as nobody has edited it; the blocks are then empty.
    whole: Option<String>,
    /// Code points in each block.
    sizes: Vec<usize>,
    blocks: Vec<Block>,
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
        let leaves = || self.blocks.iter().flat_map(|block| &block.leaves);
        let mut out = String::with_capacity(leaves().map(String::len).sum());
        leaves().for_each(|leaf| out.push_str(leaf));
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
            self.blocks.push(Block::default());
            self.sizes.push(0);
        }
        // An insertion between two leaves goes to the left one: typing continues there.
        let (block, rest) = locate(self.sizes.iter().copied(), position);
        self.sizes[block] += chars;
        self.blocks[block].insert(rest, text, chars);
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
                self.blocks[block].delete(rest, here);
                self.sizes[block] -= here;
                block += 1;
            }
            left -= here;
            rest = 0;
        }
        self.join_blocks(block.saturating_sub(1));
    }

    /// Breaks the whole text into leaves before the first edit.
    fn cut_whole(&mut self) {
        let Some(whole) = self.whole.take() else { return };
        if !whole.is_empty() {
            self.blocks.push(Block::new(leaves_of(&whole)));
            self.sizes.push(self.chars);
            self.split_block(0);
        }
    }

    fn split_block(&mut self, block: usize) {
        if self.blocks[block].leaves.len() <= BLOCK_LEAVES {
            return;
        }
        let Block { mut sizes, mut leaves } = std::mem::take(&mut self.blocks[block]);
        let mut parts = Vec::with_capacity(leaves.len() / (BLOCK_LEAVES / 2) + 1);
        while !leaves.is_empty() {
            let rest = leaves.len().saturating_sub(BLOCK_LEAVES / 2);
            parts.push(Block { sizes: sizes.split_off(rest), leaves: leaves.split_off(rest) });
        }
        parts.reverse();
        self.sizes.splice(block..=block, parts.iter().map(Block::chars).collect::<Vec<_>>());
        self.blocks.splice(block..=block, parts);
    }

    /// Joins a block with the next if both have few leaves, so that there are not many more than the text needs.
    fn join_blocks(&mut self, block: usize) {
        if let [a, b, ..] = &mut self.blocks[block..]
            && a.leaves.len() + b.leaves.len() <= BLOCK_LEAVES / 4
        {
            a.leaves.append(&mut b.leaves);
            a.sizes.append(&mut b.sizes);
            self.blocks.remove(block + 1);
            self.sizes[block] += self.sizes.remove(block + 1);
        }
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

fn leaves_of(mut text: &str) -> Vec<String> {
    let mut leaves = Vec::with_capacity(text.len() / FILL_BYTES + 1);
    while text.len() > LEAF_BYTES {
        let (leaf, rest) = text.split_at(text.floor_char_boundary(FILL_BYTES));
        leaves.push(leaf.to_owned());
        text = rest;
    }
    leaves.push(text.to_owned());
    leaves
}

/// Number of code points.
pub(crate) fn count_chars(text: &str) -> usize {
    // Most local edits are one key.
    if text.len() == 1 { 1 } else { text.chars().count() }
}

/// Byte offset of the `index`-th code point of `text`, or of the end if there are fewer.
pub(crate) fn char_offset(text: &str, index: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut left) = (0, index);
    // Eight words at once, then one, then byte by byte.
    while let Some(words) = bytes[at..].first_chunk::<64>() {
        let starts = words.len() - continuation_bytes(words);
        if starts > left {
            break;
        }
        (at, left) = (at + words.len(), left - starts);
    }
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let starts = word.len() - continuation_bytes(word);
        if starts > left {
            break;
        }
        (at, left) = (at + word.len(), left - starts);
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

/// Number of continuation bytes in at most 255 bytes, whole words.
fn continuation_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut sums = 0;
    for word in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*word);
        // Their top bits are 10.
        sums += (word >> 7) & !(word >> 6) & ONES;
    }
    // Adds up the eight bytes.
    (sums.wrapping_mul(ONES) >> 56) as usize
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
            prop_assert_eq!(*size, block.chars());
            prop_assert!(block.leaves.len() <= BLOCK_LEAVES);
            prop_assert_eq!(block.leaves.len(), block.sizes.len());
            for (leaf, size) in block.leaves.iter().zip(&block.sizes) {
                prop_assert_eq!(*size as usize, leaf.chars().count());
                prop_assert!(leaf.len() <= LEAF_BYTES);
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
