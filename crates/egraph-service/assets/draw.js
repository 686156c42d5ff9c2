// The e-graph as a drawing: classes as boxes with a row per node, laid out in layers by dagre, moved by d3.

import { el, svg, SIGNS } from '/egraph/shared/ui.js';

const { d3, dagre } = window;
const ROW = 22;
const PAD = 8;
const HEAD = 18;
const CHAR = 8;
/** Rows of one box; the table has all. */
const MOST_ROWS = 8;
/** Characters of an operator in a row. */
const MOST_CHARS = 22;
const STEP = 60;
/** Smaller, rows could not be read: the first view then shows the part around the root. */
const READABLE = 0.55;

const cut = (text) => (text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS - 1)}…` : text);

function boxes(graph, most, used) {
  return graph.classes.slice(0, most).map((item) => {
    // The rows of the cheapest form are never the ones that are cut.
    const rows = item.nodes.map((node, row) => ({ ...node, row, chosen: used.has(`${item.id}:${row}`) }));
    rows.sort((a, b) => Number(b.chosen) - Number(a.chosen));
    const shown = rows.slice(0, MOST_ROWS);
    const hidden = item.node_count - shown.length;
    const widest = Math.max(4, ...shown.map(({ op, chosen }) => cut(op).length + 2 + (chosen ? 2 : 0)));
    const width = widest * CHAR + 2 * PAD + 10;
    const height = HEAD + (shown.length + Number(hidden > 0)) * ROW + PAD;
    return { id: item.id, color: item.color, size: item.size, shown, hidden, width, height, chosen: shown.some(({ chosen }) => chosen) };
  });
}

function layout(list) {
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: 'TB', nodesep: 26, ranksep: 46, marginx: 16, marginy: 16 });
  g.setDefaultEdgeLabel(() => ({}));
  const drawn = new Set(list.map(({ id }) => id));
  for (const { id, width, height } of list) g.setNode(String(id), { width, height });
  const edges = [];
  for (const box of list) {
    box.shown.forEach((node, line) => node.children.forEach((child, argument) => {
      if (!drawn.has(child)) return;
      edges.push({ from: box.id, to: child, line, argument, chosen: node.chosen });
      if (child !== box.id) g.setEdge(String(box.id), String(child));
    }));
  }
  dagre.layout(g);
  for (const box of list) Object.assign(box, { x: g.node(String(box.id)).x, y: g.node(String(box.id)).y });
  const { width, height } = g.graph();
  return { edges, width, height };
}

/** From the side of a row to the box of a class; a class that is its own argument gets a loop. */
function path(from, to, line) {
  const y = from.y - from.height / 2 + HEAD + line * ROW + ROW / 2;
  const side = to.x >= from.x ? 1 : -1;
  const x = from.x + side * (from.width / 2 - PAD / 2);
  if (from === to) {
    const out = from.x + from.width / 2;
    return `M${out - 4},${y} C${out + 34},${y} ${out + 34},${from.y - from.height / 2 - 12} ${from.x},${from.y - from.height / 2 - 1}`;
  }
  const above = to.y > from.y;
  const end = above ? to.y - to.height / 2 : to.y + to.height / 2;
  const bend = Math.max(24, Math.abs(end - y) / 2) * (above ? 1 : -1);
  return `M${x},${y} C${x + side * 24},${y + bend * 0.4} ${to.x},${end - bend} ${to.x},${end - (above ? 1 : -1)}`;
}

function drawBox(box, describe) {
  const left = -box.width / 2;
  const top = -box.height / 2;
  const group = svg('g', {
    class: `class ${box.color}${box.chosen ? ' chosen' : ''}`, transform: `translate(${box.x},${box.y})`, tabindex: 0, role: 'img',
    'aria-label': describe(box.id), 'data-class': box.id,
  });
  group.append(svg('title', {}, describe(box.id)));
  group.append(svg('rect', { x: left, y: top, width: box.width, height: box.height, rx: 9 }));
  group.append(svg('text', { class: 'number', x: left + PAD, y: top + 14 }, `#${box.id}${box.id === 0 ? ' root' : ''}`));
  box.shown.forEach((node, line) => {
    const y = top + HEAD + line * ROW;
    const row = svg('g', { class: `node ${node.color}${node.chosen ? ' chosen' : ''}` });
    row.append(svg('rect', { x: left + PAD / 2, y: y + 1, width: box.width - PAD, height: ROW - 3, rx: 5 }));
    row.append(svg('text', { class: 'sign', x: left + PAD + 2, y: y + 15 }, SIGNS[node.color] ?? SIGNS.NONE));
    row.append(svg('text', { x: left + PAD + 16, y: y + 15 }, `${cut(node.op)}${node.chosen ? ' ★' : ''}`));
    group.append(row);
  });
  if (box.hidden > 0) group.append(svg('text', { class: 'number', x: left + PAD, y: top + HEAD + box.shown.length * ROW + 14 }, `and ${box.hidden} more`));
  return group;
}

/**
 * Draws the first `most` classes into `target`. `used` marks the cheapest form as `class:row`; `describe` gives a
 * class in words; `picked` is told which class was chosen. Gives what the buttons need.
 */
export function draw(target, graph, { most, used, describe, picked }) {
  const list = boxes(graph, most, used);
  const { edges, width, height } = layout(list);
  const byId = new Map(list.map((box) => [box.id, box]));
  const root = svg('svg', { role: 'group', 'aria-label': `E-graph of ${list.length} classes`, tabindex: 0 });
  const marker = svg('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse' }, svg('path', { d: 'M0,0 8,4 0,8z' }));
  const layer = svg('g', {});
  root.append(svg('defs', {}, marker), layer);
  for (const edge of edges) {
    const line = svg('path', { class: `edge${edge.chosen ? ' chosen' : ''}`, d: path(byId.get(edge.from), byId.get(edge.to), edge.line), 'marker-end': 'url(#arrow)', 'data-from': edge.from, 'data-to': edge.to });
    line.append(svg('title', {}, `argument ${edge.argument + 1}`));
    layer.append(line);
  }
  for (const box of list) layer.append(drawBox(box, describe));
  target.replaceChildren(root);

  const selection = d3.select(root);
  const zoom = d3.zoom().scaleExtent([0.05, 4]).on('zoom', ({ transform }) => layer.setAttribute('transform', transform));
  selection.call(zoom).on('dblclick.zoom', null);
  const view = () => ({ w: root.clientWidth || 600, h: root.clientHeight || 400 });
  const fit = () => {
    const { w, h } = view();
    const k = Math.min(1.4, w / width, h / height);
    selection.call(zoom.transform, d3.zoomIdentity.translate((w - width * k) / 2, (h - height * k) / 2).scale(k));
  };
  const begin = () => {
    fit();
    const { w, h } = view();
    const box = byId.get(0);
    if (d3.zoomTransform(root).k >= READABLE || !box) return;
    const y = box.y - box.height / 2 > h ? h / 2 : 24;
    selection.call(zoom.transform, d3.zoomIdentity.translate(w / 2 - box.x * READABLE, y - (box.y - box.height / 2) * READABLE).scale(READABLE));
  };
  const pick = (id) => {
    const near = new Set([id]);
    for (const edge of edges) {
      if (edge.from === id) near.add(edge.to);
      if (edge.to === id) near.add(edge.from);
    }
    for (const element of layer.querySelectorAll('.class')) {
      element.classList.toggle('picked', Number(element.dataset.class) === id);
      element.classList.toggle('dim', id !== null && !near.has(Number(element.dataset.class)));
    }
    for (const element of layer.querySelectorAll('.edge')) element.classList.toggle('dim', id !== null && Number(element.dataset.from) !== id && Number(element.dataset.to) !== id);
    picked(id);
  };
  const classOf = (event) => {
    const element = event.target.closest?.('.class');
    return element ? Number(element.dataset.class) : null;
  };
  root.addEventListener('click', (event) => pick(classOf(event)));
  root.addEventListener('focusin', (event) => {
    const box = byId.get(classOf(event));
    if (!box) return;
    const { w, h } = view();
    const transform = d3.zoomTransform(root);
    const [x, y] = transform.apply([box.x, box.y]);
    if (x < 40 || y < 40 || x > w - 40 || y > h - 40) selection.call(zoom.translateTo, box.x, box.y);
  });
  const keys = {
    '+': () => selection.call(zoom.scaleBy, 1.3), '=': () => selection.call(zoom.scaleBy, 1.3), '-': () => selection.call(zoom.scaleBy, 1 / 1.3),
    0: fit, Escape: () => pick(null),
    ArrowLeft: () => shift(STEP, 0), ArrowRight: () => shift(-STEP, 0), ArrowUp: () => shift(0, STEP), ArrowDown: () => shift(0, -STEP),
  };
  const shift = (x, y) => selection.call(zoom.translateBy, x / d3.zoomTransform(root).k, y / d3.zoomTransform(root).k);
  root.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === 'Enter' || event.key === ' ') && classOf(event) !== null) pick(classOf(event));
    else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  let at = '';
  // As long as nobody moved it, the drawing fits whatever room it gets.
  const resized = new ResizeObserver(() => {
    if (!root.isConnected) resized.disconnect();
    else if (at === '' || at === String(d3.zoomTransform(root))) {
      begin();
      at = String(d3.zoomTransform(root));
    }
  });
  resized.observe(target);
  return { fit, zoomBy: (factor) => selection.call(zoom.scaleBy, factor), drawn: list.length };
}

/** The table that says the same in words. */
export function table(graph, used, terms) {
  return graph.classes.map(({ id, color, nodes, node_count: count }) => el('tr', { 'data-class': id },
    el('td', null, el('b', null, `#${id}`)), el('td', null, el('span', { class: `tag ${color}` }, el('span', { 'aria-hidden': 'true' }, SIGNS[color]), color)),
    el('td', { class: 'wide' }, el('code', null, terms.get(id))),
    el('td', null, nodes.map(({ op, children }, row) => el('code', null, `${row ? ' · ' : ''}${children.length ? `(${[op, ...children.map((child) => `#${child}`)].join(' ')})` : op}${used.has(`${id}:${row}`) ? ' ★' : ''}`)),
      count > nodes.length ? ` · and ${count - nodes.length} more` : null)));
}
