// The causal diagram: lanes of events on a canvas, moved by d3, drawn only where it is seen.

const { d3 } = window;
const LANE = 34;
const AXIS = 26;
const HIT = 14;
/** Arrows drawn at once; beyond it only those of the chosen event. */
const MOST_ARROWS = 3000;
/** Events in view above which arrows are left out: lines would only cover the points. */
const ARROWS_BELOW = 1500;
const COLORS = ['RED', 'BLUE', 'GREEN', 'NONE'];
const WHEEL_LANES = 0.6;

const cut = (context, text, width) => {
  if (context.measureText(text).width <= width) return text;
  let shown = text;
  while (shown && context.measureText(`${shown}…`).width > width) shown = shown.slice(0, -1);
  return `${shown}…`;
};

/** First index with `xs[index] >= x`. */
function from(xs, x) {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

const SHAPES = {
  RED: (c, x, y, r) => { c.moveTo(x, y - r); c.lineTo(x + r, y + r * 0.8); c.lineTo(x - r, y + r * 0.8); c.closePath(); },
  BLUE: (c, x, y, r) => { c.moveTo(x, y + r); c.lineTo(x + r, y - r * 0.8); c.lineTo(x - r, y - r * 0.8); c.closePath(); },
  GREEN: (c, x, y, r) => c.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6),
  NONE: (c, x, y, r) => { c.moveTo(x + r * 0.8, y); c.arc(x, y, r * 0.8, 0, 2 * Math.PI); },
};

/** Makes the diagram in `target`. `chosen(index)` is told what was chosen, `moved()` what became the view. */
export function diagram(target, { chosen, focused, moved }) {
  const canvas = document.createElement('canvas');
  target.append(canvas);
  const context = canvas.getContext('2d');
  const view = { lanes: [], x: [], causes: [], events: [], laneOf: [], domain: [0, 1], top: 0, transform: d3.zoomIdentity, picked: null, cursor: null, before: new Set(), after: new Set(), time: false };
  let [width, height, gutter, waiting, last] = [0, 0, 120, 0, d3.zoomIdentity];
  const colors = {};

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['text', 'muted', 'line', 'accent', 'card', 'warn', 'red', 'blue', 'green']) colors[name] = style.getPropertyValue(`--${name}`).trim();
    Object.assign(colors, { RED: colors.red, BLUE: colors.blue, GREEN: colors.green, NONE: colors.muted });
  };
  const base = () => d3.scaleLinear(view.domain, [gutter + 16, Math.max(gutter + 17, width - 16)]);
  const scale = () => view.transform.rescaleX(base());
  const laneY = (lane) => AXIS + lane * LANE + LANE / 2 - view.top;
  const most = () => Math.max(0, AXIS + view.lanes.length * LANE - height);
  const scroll = (top) => { view.top = Math.min(Math.max(top, 0), most()); };

  const arrow = (x, y, end, ty, radius) => {
    const tx = end - radius - 1;
    const bend = Math.max(18, Math.abs(tx - x) / 2);
    context.moveTo(x, y);
    if (y === ty) context.quadraticCurveTo((x + tx) / 2, y - Math.min(14, Math.abs(tx - x) / 6), tx, ty);
    else context.bezierCurveTo(x + bend, y, tx - bend, ty, tx, ty);
    if (Math.hypot(tx - x, ty - y) < 10) return;
    context.moveTo(tx - 6, ty - 3.5);
    context.lineTo(tx, ty);
    context.lineTo(tx - 6, ty + 3.5);
  };

  function arrows(x, left, right, seen, radius) {
    const line = (cause, effect) => {
      const [a, b] = [x(view.x[cause]), x(view.x[effect])];
      if (Math.max(a, b) < left || Math.min(a, b) > right) return;
      arrow(a, laneY(view.laneOf[cause]), b, laneY(view.laneOf[effect]), radius);
    };
    for (const [ways, color] of [[view.before, colors.accent], [view.after, colors.warn]]) {
      if (view.picked === null) break;
      context.beginPath();
      let drawn = 0;
      for (const effect of [view.picked, ...ways]) {
        for (const cause of view.causes[effect]) {
          const on = (cause === view.picked || ways.has(cause)) && view.laneOf[cause] >= 0 && view.laneOf[effect] >= 0;
          if (on && drawn++ < MOST_ARROWS) line(cause, effect);
        }
      }
      context.strokeStyle = color;
      context.globalAlpha = 0.8;
      context.lineWidth = 1.6;
      context.stroke();
    }
    if (seen.length <= ARROWS_BELOW) {
      context.beginPath();
      let drawn = 0;
      for (const effect of seen) for (const cause of view.causes[effect]) if (view.laneOf[cause] >= 0 && drawn++ < MOST_ARROWS) line(cause, effect);
      context.strokeStyle = colors.muted;
      context.globalAlpha = view.picked === null ? 0.5 : 0.18;
      context.lineWidth = 1;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function axis(x) {
    context.fillStyle = colors.card;
    context.fillRect(0, 0, width, AXIS);
    context.fillStyle = colors.muted;
    context.textAlign = 'center';
    const scaled = view.time ? d3.scaleUtc(x.domain().map((ms) => new Date(ms)), x.range()) : x;
    const count = Math.max(2, Math.floor((width - gutter) / 110));
    const ticks = scaled.ticks(count).filter((tick) => view.time || Number.isInteger(tick));
    const format = view.time ? scaled.tickFormat(count) : d3.format(',');
    context.strokeStyle = colors.line;
    context.beginPath();
    for (const tick of ticks) {
      const at = scaled(tick);
      if (at < gutter + 8 || at > width) continue;
      context.fillText(format(tick), at, 17);
      context.moveTo(at, AXIS);
      context.lineTo(at, height);
    }
    context.stroke();
  }

  function paint() {
    waiting = 0;
    const ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'alphabetic';
    const x = scale();
    const [first, end] = [x.invert(gutter), x.invert(width)];
    const lanes = [Math.max(0, Math.floor(view.top / LANE)), Math.min(view.lanes.length, Math.ceil((view.top + height - AXIS) / LANE))];
    axis(x);
    context.save();
    context.beginPath();
    context.rect(gutter, AXIS, width - gutter, height - AXIS);
    context.clip();
    context.beginPath();
    for (let lane = lanes[0]; lane < lanes[1]; lane += 1) {
      context.moveTo(gutter, laneY(lane));
      context.lineTo(width, laneY(lane));
    }
    context.strokeStyle = colors.line;
    context.lineWidth = 1;
    context.stroke();

    const seen = [];
    const points = { RED: [], BLUE: [], GREEN: [], NONE: [] };
    let count = 0;
    for (let lane = lanes[0]; lane < lanes[1]; lane += 1) {
      const { xs, indices } = view.lanes[lane];
      const y = laneY(lane);
      const drawn = {};
      for (let i = from(xs, first); i < xs.length && xs[i] <= end; i += 1) {
        count += 1;
        if (seen.length <= ARROWS_BELOW) seen.push(indices[i]);
        const color = COLORS.includes(view.events[indices[i]].color) ? view.events[indices[i]].color : 'NONE';
        const at = Math.round(x(xs[i]));
        // What would cover the same points is drawn once.
        if (drawn[color] !== undefined && at - drawn[color] < 2) continue;
        drawn[color] = at;
        points[color].push(at, y);
      }
    }
    const radius = count > 2000 ? 3.5 : count > 400 ? 5 : 6.5;
    arrows(x, gutter, width, seen, radius);
    for (const color of COLORS) {
      context.beginPath();
      for (let i = 0; i < points[color].length; i += 2) SHAPES[color](context, points[color][i], points[color][i + 1], radius);
      context.fillStyle = colors[color];
      context.fill();
    }
    context.globalAlpha = 1;
    for (const [set, stroke] of [[view.before, colors.accent], [view.after, colors.warn]]) {
      context.beginPath();
      for (const index of set) {
        if (view.laneOf[index] < 0 || view.x[index] < first || view.x[index] > end) continue;
        const [px, py] = [x(view.x[index]), laneY(view.laneOf[index])];
        context.moveTo(px + radius + 2, py);
        context.arc(px, py, radius + 2, 0, 2 * Math.PI);
      }
      context.strokeStyle = stroke;
      context.lineWidth = 1.5;
      context.stroke();
    }
    for (const [index, size, line] of [[view.picked, 5, 3], [view.cursor, 8, 1.5]]) {
      if (index === null || view.laneOf[index] < 0) continue;
      context.beginPath();
      context.arc(x(view.x[index]), laneY(view.laneOf[index]), radius + size, 0, 2 * Math.PI);
      context.strokeStyle = size === 5 ? colors.accent : colors.text;
      context.lineWidth = line;
      context.stroke();
    }
    context.restore();
    context.fillStyle = colors.card;
    context.fillRect(0, AXIS, gutter, height - AXIS);
    context.textAlign = 'left';
    context.fillStyle = colors.text;
    for (let lane = lanes[0]; lane < lanes[1]; lane += 1) {
      const y = laneY(lane) + 4;
      if (y > AXIS + 8) context.fillText(cut(context, view.lanes[lane].agent, gutter - 16), 8, y);
    }
    context.fillStyle = colors.card;
    context.fillRect(0, 0, gutter, AXIS);
    moved({ count, lanes, arrows: count <= ARROWS_BELOW });
  }
  const paintSoon = () => { waiting ||= requestAnimationFrame(paint); };

  function resize() {
    if (target.clientWidth <= 200) return; // no room, for a moment: nothing is seen, and nothing should move
    const begin = width ? scale().invert(gutter + 16) : null;
    width = target.clientWidth;
    height = target.clientHeight;
    gutter = width < 520 ? 84 : 130;
    zoom.extent([[gutter, 0], [width, height]]).translateExtent([[gutter, -Infinity], [width, Infinity]]);
    scroll(view.top);
    const { k, y } = view.transform;
    // What was at the left stays there.
    if (begin !== null) selection.call(zoom.transform, d3.zoomIdentity.translate(gutter + 16 - k * base()(begin), y).scale(k));
    paintSoon();
  }

  const selection = d3.select(target);
  const zoom = d3.zoom().scaleExtent([1, 20000]).filter((event) => !event.button && !(event.type === 'wheel' && event.shiftKey) && event.type !== 'dblclick')
    .on('zoom', ({ transform, sourceEvent }) => {
      // Lanes keep their height: what is dragged up or down goes through them.
      if (sourceEvent && transform.k === last.k && /move/.test(sourceEvent.type)) scroll(view.top - (transform.y - last.y));
      last = transform;
      view.transform = transform;
      paintSoon();
    });
  selection.call(zoom);
  target.addEventListener('wheel', (event) => {
    if (!event.shiftKey) return;
    event.preventDefault();
    scroll(view.top + (event.deltaY || event.deltaX) * WHEEL_LANES);
    paintSoon();
  }, { passive: false });

  function hit(event) {
    const box = target.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    if (px < gutter || py < AXIS) return null;
    const lane = Math.floor((py - AXIS + view.top) / LANE);
    const entry = view.lanes[lane];
    if (!entry) return null;
    const x = scale();
    const at = from(entry.xs, x.invert(px));
    const near = [at - 1, at].filter((i) => i >= 0 && i < entry.xs.length).sort((a, b) => Math.abs(x(entry.xs[a]) - px) - Math.abs(x(entry.xs[b]) - px))[0];
    return near !== undefined && Math.abs(x(entry.xs[near]) - px) <= HIT ? entry.indices[near] : null;
  }
  target.addEventListener('click', (event) => {
    const index = hit(event);
    target.focus({ preventScroll: true });
    if (index !== null) chosen(index);
  });

  /** Moves what is seen so that an event is. */
  function reveal(index) {
    if (index === null || view.laneOf[index] < 0) return;
    const at = scale()(view.x[index]);
    if (at < gutter + 20 || at > width - 20) selection.call(zoom.translateTo, base()(view.x[index]), 0, [(gutter + width) / 2, 0]);
    const y = laneY(view.laneOf[index]);
    if (y < AXIS + LANE / 2) scroll(view.laneOf[index] * LANE);
    else if (y > height - LANE / 2) scroll((view.laneOf[index] + 1) * LANE - height + AXIS);
    paintSoon();
  }

  function put(index) {
    view.cursor = index;
    reveal(index);
    focused(index);
  }

  /** Along the lane by `dx`, or to the nearest event of the lane `dy` away. */
  function step(dx, dy) {
    if (!view.lanes.length) return;
    const index = view.cursor ?? view.picked;
    if (index === null || view.laneOf[index] < 0) return put(view.lanes[0].indices[dx < 0 ? view.lanes[0].indices.length - 1 : 0]);
    const lane = Math.min(Math.max(view.laneOf[index] + dy, 0), view.lanes.length - 1);
    const { xs, indices } = view.lanes[lane];
    if (dy) {
      const at = from(xs, view.x[index]);
      const other = [at - 1, at].filter((i) => i >= 0 && i < xs.length).sort((a, b) => Math.abs(xs[a] - view.x[index]) - Math.abs(xs[b] - view.x[index]))[0];
      return put(indices[other]);
    }
    return put(indices[Math.min(Math.max(indices.indexOf(index) + dx, 0), indices.length - 1)]);
  }

  const zoomBy = (factor) => {
    // Around what is chosen, if it is seen.
    const index = view.cursor ?? view.picked;
    const at = index !== null && view.laneOf[index] >= 0 ? scale()(view.x[index]) : -1;
    selection.call(zoom.scaleBy, factor, at > gutter && at < width ? [at, 0] : undefined);
  };
  const fit = () => { scroll(0); selection.call(zoom.transform, d3.zoomIdentity); };
  const keys = {
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    Home: () => step(-Infinity, 0), End: () => step(Infinity, 0), PageUp: () => step(-20, 0), PageDown: () => step(20, 0),
    '+': () => zoomBy(1.5), '=': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5), 0: fit,
    Enter: () => view.cursor !== null && chosen(view.cursor), ' ': () => view.cursor !== null && chosen(view.cursor), Escape: () => chosen(null),
  };
  target.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  new ResizeObserver(resize).observe(target);
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => { theme(); paintSoon(); });
  theme();

  return {
    /** Shows events: `shown` their indices, `x` the place of each across. */
    show({ events, shown, x, causes, time }) {
      const byAgent = new Map();
      for (const index of shown) {
        const agent = events[index].agent_id ?? '?';
        if (!byAgent.has(agent)) byAgent.set(agent, []);
        byAgent.get(agent).push(index);
      }
      const laneOf = new Int32Array(events.length).fill(-1);
      const names = [...byAgent.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
      const lanes = names.map((agent, lane) => {
        const indices = byAgent.get(agent).sort((a, b) => x[a] - x[b] || a - b);
        for (const index of indices) laneOf[index] = lane;
        return { agent, indices, xs: indices.map((index) => x[index]) };
      });
      let [low, high] = [Infinity, -Infinity];
      for (const index of shown) {
        low = Math.min(low, x[index]);
        high = Math.max(high, x[index]);
      }
      const domain = low <= high ? [low, Math.max(high, low + 1)] : [0, 1];
      const same = String(domain) === String(view.domain);
      Object.assign(view, { events, lanes, laneOf, x, causes, time, domain, cursor: null });
      scroll(view.top);
      if (!same) fit();
      paintSoon();
    },
    /** Marks an event with what it comes from and what comes from it. */
    pick(index, before, after) {
      Object.assign(view, { picked: index, cursor: index, before, after });
      reveal(index);
      paintSoon();
    },
    fit, zoomBy,
    /** Where an event is in the page, for those who click by coordinates. */
    place(index) {
      const box = target.getBoundingClientRect();
      return [box.left + scale()(view.x[index]), box.top + laneY(view.laneOf[index])];
    },
    get zoom() { return view.transform.k; },
  };
}
