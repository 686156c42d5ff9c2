// Drawings: the throughput over time and the ring of agents. Pure functions from data to SVG elements.

const SVG = 'http://www.w3.org/2000/svg';

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The next of 1, 2, 5, 10, 20, … that is not below `value`. */
export function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}

/** An area chart of `values` (oldest first), padded on the left to `length` points. */
export function area(values, length, format) {
  const top = ceiling(Math.max(4, ...values));
  const x = (index) => ((length - values.length + index) / (length - 1)) * 100;
  const y = (value) => 100 - (value / top) * 96 - 2;
  const points = values.map((value, index) => `${x(index).toFixed(2)},${y(value).toFixed(2)}`);
  const ticks = [0, top / 2, top];
  const drawing = svg('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  for (const tick of ticks) drawing.append(svg('line', { class: 'grid', x1: 0, x2: 100, y1: y(tick), y2: y(tick) }));
  if (points.length > 1) {
    drawing.append(svg('polygon', { class: 'area', points: `${x(0).toFixed(2)},${y(0)} ${points.join(' ')} 100,${y(0)}` }));
    drawing.append(svg('polyline', { class: 'line', points: points.join(' ') }));
  }
  const labels = ticks.map((tick) => {
    const label = document.createElement('span');
    label.className = 'tick';
    label.textContent = format(tick);
    label.style.top = `${y(tick)}%`;
    return label;
  });
  return [drawing, ...labels];
}

/** The agents on a circle with an edge for each pair of neighbours. */
export function ring(agents, signs) {
  const size = 330;
  const radius = size / 2 - 46;
  const dot = agents.length > 24 ? 7 : 13;
  const place = new Map(agents.map((agent, index) => {
    const angle = (index / agents.length) * 2 * Math.PI - Math.PI / 2;
    return [String(agent.agent_id), { x: size / 2 + radius * Math.cos(angle), y: size / 2 + radius * Math.sin(angle), angle }];
  }));
  const active = agents.filter((agent) => agent.is_active).length;
  const drawing = svg('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img' },
    svg('title', {}, `${agents.length} agents and their neighbours, ${active} active`));
  const drawn = new Set();
  for (const agent of agents) {
    const from = place.get(String(agent.agent_id));
    for (const neighbour of agent.neighbors ?? []) {
      const to = place.get(String(neighbour));
      const key = [String(agent.agent_id), String(neighbour)].sort().join(' ');
      if (!to || drawn.has(key)) continue;
      drawn.add(key);
      drawing.append(svg('line', { class: 'edge', x1: from.x, y1: from.y, x2: to.x, y2: to.y }));
    }
  }
  for (const agent of agents) {
    const { x, y, angle } = place.get(String(agent.agent_id));
    const color = signs[agent.color] ? agent.color : 'NONE';
    const node = svg('g', { class: `${color}${agent.is_active ? ' active' : ''}` }, svg('circle', { cx: x, cy: y, r: dot }));
    if (dot > 10) {
      const sign = svg('text', { x, y, class: 'sign' });
      sign.textContent = signs[color].sign;
      const name = svg('text', { x: x + (dot + 16) * Math.cos(angle), y: y + (dot + 13) * Math.sin(angle) });
      const text = String(agent.agent_id);
      // Names of one family differ at their ends.
      name.textContent = text.length > 9 ? `…${text.slice(-8)}` : text;
      node.append(sign, name);
    }
    drawing.append(node);
  }
  return drawing;
}
