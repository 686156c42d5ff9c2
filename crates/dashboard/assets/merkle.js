// Proofs of RFC 9162, checked here and not believed: hashes by WebCrypto, nothing from the service but the path.

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const isHash = (text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Whether this browser hashes here: only where the page came over HTTPS or from the same machine. */
export const canHash = () => Boolean(globalThis.crypto?.subtle);

async function sha256(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

const node = (left, right) => sha256(Uint8Array.of(1), left, right);

/** Numbers of a tree: whole and exact. */
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const half = (value) => Math.floor(value / 2);
const odd = (value) => value % 2 === 1;

/**
 * RFC 9162 §2.1.3.2. Gives the hashes from the leaf upward, the last the root that they lead to, or `null` where the
 * path has not the length that the tree asks for.
 */
export async function inclusion({ leaf_index: index, tree_size: size, leaf_hash: leaf, path }) {
  if (!isCount(index) || !isCount(size) || index >= size || !isHash(leaf) || !Array.isArray(path) || !path.every(isHash)) return null;
  let [fn, sn] = [index, size - 1];
  let hash = bytes(leaf);
  const way = [];
  for (const sibling of path) {
    if (sn === 0) return null;
    const left = odd(fn) || fn === sn;
    hash = left ? await node(bytes(sibling), hash) : await node(hash, bytes(sibling));
    way.push({ sibling, side: left ? 'left' : 'right', hash: hex(hash) });
    if (left) while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? { root: hex(hash), way } : null;
}

/** RFC 9162 §2.1.4.2: whether the tree of `second` events continues the one of `first` with these roots. */
export async function consistency({ first, second, path }, firstRoot, secondRoot) {
  if (!isCount(first) || !isCount(second) || first === 0 || first > second || !Array.isArray(path) || !path.every(isHash)) return false;
  if (first === second) return path.length === 0 && firstRoot === secondRoot;
  const way = [...path];
  // A whole tree is its own first subtree.
  if (Number.isInteger(Math.log2(first))) way.unshift(firstRoot);
  if (!way.length) return false;
  let [fn, sn] = [first - 1, second - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [bytes(way[0]), bytes(way[0])];
  for (const text of way.slice(1)) {
    if (sn === 0) return false;
    const sibling = bytes(text);
    if (odd(fn) || fn === sn) {
      [fr, sr] = [await node(sibling, fr), await node(sibling, sr)];
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = await node(sr, sibling);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && hex(fr) === firstRoot && hex(sr) === secondRoot;
}

/** Members of an event that are columns of their own; the rest is its body. */
const COLUMNS = ['seq', 'event_id', 'type', 'timestamp', 'received', 'agent_id', 'origin_seq', 'document_id', 'color', 'status', 'leaf_hash', 'sealed'];
const COLORS = { RED: 1, BLUE: -1, GREEN: 0 };
const COLOR_NONE = 2;

/** By code point, as the canonical form sorts; UTF-16 differs beyond the basic plane. */
function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = left[i].codePointAt(0) - right[i].codePointAt(0);
    if (difference) return difference;
  }
  return left.length - right.length;
}

function canonical(value) {
  if (value instanceof Spelt) return value.text;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort(byCodePoint).map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

/** A number as it was written: 1.0 is not 1 to a hash. */
class Spelt {
  constructor(text) {
    this.text = text;
  }
}

/**
 * Whether the text of a `/timeline/event/{id}` reply hashes to a leaf (its bytes: `leaf_hash` in
 * crates/interaction-timeline/src/row.rs): so what is read here is what the
 * tree is about. `null` where this browser does not tell how a number was written.
 */
export async function isLeafOf(text, leaf) {
  let exact = true;
  const event = JSON.parse(text);
  const body = JSON.parse(text, (_, value, context) => {
    if (typeof value !== 'number') return value;
    if (context?.source === undefined) exact = exact && Number.isInteger(value);
    return new Spelt(context?.source ?? String(value));
  });
  const numbers = [event.seq, Date.parse(event.timestamp), Date.parse(event.received), event.origin_seq, COLORS[event.color] ?? COLOR_NONE];
  const head = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((number, index) => head.setBigInt64(8 * index, BigInt(number)));
  const origin = body.origin_seq;
  for (const name of COLUMNS) delete body[name];
  // The body repeats the origin's number where the sender gave it, which the reply does not tell.
  for (const members of [body, { ...body, origin_seq: origin }]) {
    const texts = [event.agent_id, event.type, event.document_id ?? '', canonical(members)].map((part) => new TextEncoder().encode(part));
    const parts = texts.flatMap((part) => {
      const length = new DataView(new ArrayBuffer(8));
      length.setBigUint64(0, BigInt(part.length));
      return [new Uint8Array(length.buffer), part];
    });
    if (hex(await sha256(Uint8Array.of(0), new Uint8Array(head.buffer), bytes(event.event_id), ...parts)) === leaf) return true;
  }
  return exact ? false : null;
}
