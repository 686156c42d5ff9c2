// Terms as S-expressions, as the service prints them. Pure functions.

/** A term as `{op, children, from, to}`, places in characters of the text; `null` for what is no term. */
export function parse(text) {
  const root = { op: '', children: [] };
  const stack = [root];
  const words = /[()]|[^\s()]+/gu;
  for (const match of text.matchAll(words)) {
    const [word] = match;
    const at = match.index;
    if (word === '(') {
      const node = { op: null, children: [], from: at, to: null };
      stack.at(-1).children.push(node);
      stack.push(node);
    } else if (word === ')') {
      if (stack.length < 2) return null;
      const node = stack.pop();
      if (node.op === null) return null;
      node.to = at + 1;
    } else {
      const top = stack.at(-1);
      if (top.op === null && top.children.length === 0) top.op = word;
      else top.children.push({ op: word, children: [], from: at, to: at + word.length });
    }
  }
  return stack.length === 1 && root.children.length === 1 ? root.children[0] : null;
}

/** A term in the service's own spelling. */
export const print = ({ op, children }) => (children.length ? `(${[op, ...children.map(print)].join(' ')})` : op);

/** The part at a position (the argument to take at each level), or `null`. */
export function partAt(term, position) {
  let part = term;
  for (const index of position) {
    part = part?.children[index];
  }
  return part ?? null;
}

/** The text with another text in place of a part. */
export const splice = (text, part, replacement) => text.slice(0, part.from) + replacement + text.slice(part.to);

/** A node's key within a graph. */
const key = (op, children) => `${op} ${children.join(' ')}`;

/** Which class and row each part of a term is: pairs `class:row` of every node of the term, `null` if one is not shown. */
export function locate(graph, term) {
  const places = new Map();
  for (const { id, nodes } of graph.classes) nodes.forEach(({ op, children }, row) => places.set(key(op, children), [id, row]));
  const used = new Set();
  const visit = (node) => {
    const children = [];
    for (const child of node.children) {
      const place = visit(child);
      if (place === null) return null;
      children.push(place);
    }
    const place = places.get(key(node.op, children));
    if (!place) return null;
    used.add(place.join(':'));
    return place[0];
  };
  return visit(term) === null ? null : used;
}

/** The smallest term of each class, as text, as far as it is shown; `…` for what is not, or is too long. */
export function smallest(graph, longest) {
  const known = new Map();
  const size = (id) => graph.classes[id]?.size ?? Infinity;
  // By size: the arguments of a smallest term are smaller than it.
  for (const { id, nodes } of [...graph.classes].sort((a, b) => size(a.id) - size(b.id))) {
    const node = nodes.find(({ children }) => children.reduce((sum, child) => sum + size(child), 1) === size(id));
    let text = '…';
    if (node) {
      const words = [node.op, ...node.children.map((child) => known.get(child) ?? '…')];
      text = words.length > 1 ? `(${words.join(' ')})` : node.op;
    }
    known.set(id, text.length > longest ? '…' : text);
  }
  return known;
}
