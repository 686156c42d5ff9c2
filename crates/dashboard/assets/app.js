// The page: asks /api/metrics again and again and shows what it says. Values from the network are only ever set as
// text, never as markup.

import { area, ring } from './charts.js';

const SIGNS = {
  RED: { sign: '+', meaning: 'constructs' },
  BLUE: { sign: '−', meaning: 'inverts' },
  GREEN: { sign: '_', meaning: 'verifies' },
  NONE: { sign: '·', meaning: 'no colour' },
};
const POINTS = 90;
const FEED = 40;
// More new rows than this are a stream, and a stream need not flash.
const FLASH = 12;
const TIMEOUT_MS = 10000;
const LONGEST_WAIT_MS = 10000;
const HIDDEN_FACTOR = 10;

const state = { refresh: Number(document.body.dataset.refresh) || 1000, failures: 0, lastSeq: 0, total: null, at: 0, rates: [], announced: 0, announcedTotal: null, timer: 0, asking: false };
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const show = (value, unit = '') => (typeof value === 'number' ? `${number.format(value)}${unit}` : '–');
const milliseconds = (value) => (typeof value === 'number' ? `${value < 10 ? value.toFixed(2) : number.format(value)} ms` : '–');
const text = (id, value) => { const element = byId(id); if (element.textContent !== value) element.textContent = value; };

function el(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

function dot(level) {
  const element = el('span', 'dot');
  element.dataset.level = level;
  element.setAttribute('aria-hidden', 'true');
  return element;
}

function tag(color) {
  const known = SIGNS[color] ? color : 'NONE';
  const sign = el('span', '', SIGNS[known].sign);
  sign.setAttribute('aria-hidden', 'true');
  return el('span', `tag ${known}`, sign, known === 'NONE' ? 'none' : known);
}

function age(ms) {
  if (typeof ms !== 'number') return 'never';
  if (ms < 1000) return 'now';
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function clock(timestamp) {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? '–' : date.toLocaleTimeString('en-GB', { hour12: false });
}

function fill(id, rows, empty) {
  const target = byId(id);
  if (rows.length) return target.replaceChildren(...rows);
  const cell = el(target.tagName === 'TBODY' ? 'td' : 'li', 'empty', empty);
  if (cell.tagName === 'TD') cell.colSpan = 9;
  target.replaceChildren(cell.tagName === 'TD' ? el('tr', '', cell) : cell);
}

function rates(total) {
  const now = performance.now();
  if (typeof total !== 'number') return;
  if (state.total !== null && total >= state.total && now > state.at) {
    state.rates.push(((total - state.total) * 1000) / (now - state.at));
    if (state.rates.length > POINTS) state.rates.shift();
  } else if (state.total !== null && total < state.total) {
    // Another, shorter history: the network was started afresh.
    state.rates = [];
    state.lastSeq = 0;
    byId('events').replaceChildren();
  }
  state.total = total;
  state.at = now;
}

function tiles(data) {
  const { performance: figures, network, convergence } = data;
  const rate = state.rates.at(-1);
  text('total-events', show(figures.total_events));
  text('last-event', figures.last_event ? `last at ${clock(figures.last_event)}` : 'none yet');
  text('rate-now', typeof rate === 'number' ? show(rate) : show(figures.events_per_second));
  text('rate-window', `over ${show(figures.window_s)} s: ${show(figures.events_per_second)}`);
  text('document-count', `${show(convergence.documents)}${data.more_documents ? '+' : ''}`);
  text('convergence', convergence.label ?? 'not known');
  text('agent-count', show(network.active_agents));
  text('agent-foot', `of ${show(network.total_agents)} known`);
  text('component-count', `${network.healthy_components}/${network.total_components}`);
  const ill = data.components.filter((component) => !component.healthy).map((component) => component.component);
  text('component-foot', ill.length ? `not well: ${ill.join(', ')}` : 'all answer');
  text('latency', milliseconds(figures.p50_latency_ms));
  text('latency-foot', `p99 ${milliseconds(figures.p99_latency_ms)}`);
  text('topology', network.topology ? `${network.topology}${typeof network.diameter === 'number' ? `, diameter ${network.diameter}` : ''}` : '');
}

function throughput(data) {
  byId('chart').replaceChildren(...area(state.rates, POINTS, (value) => number.format(value)));
  text('peak', state.rates.length ? `events per second on this page, peak ${show(Math.max(...state.rates))}` : '');
  const figures = data.performance;
  const rows = [
    ['min', milliseconds(figures.min_latency_ms)], ['average', milliseconds(figures.avg_latency_ms)],
    ['p50', milliseconds(figures.p50_latency_ms)], ['p95', milliseconds(figures.p95_latency_ms)],
    ['p99', milliseconds(figures.p99_latency_ms)], ['max', milliseconds(figures.max_latency_ms)],
    ['calls', show(figures.latency_samples)],
  ];
  byId('performance').replaceChildren(...rows.map(([name, value]) => el('div', '', el('dt', '', name), el('dd', '', value))));
}

function colors(data) {
  const counts = ['RED', 'BLUE', 'GREEN'].map((name) => [name, data.colors?.[name]]);
  const total = counts.reduce((sum, [, count]) => sum + (count ?? 0), 0);
  text('color-total', data.colors ? `${show(total)} coloured events` : 'not known');
  byId('color-bar').replaceChildren(...counts.filter(([, count]) => count > 0).map(([name, count]) => {
    const part = el('span', name);
    part.style.flexGrow = count;
    return part;
  }));
  fill('colors', counts.map(([name, count]) => el('li', '', tag(name), el('span', 'muted', SIGNS[name].meaning), el('b', '', show(count)),
    el('span', 'muted', total && typeof count === 'number' ? `${((count / total) * 100).toFixed(1)} %` : '–'))), '');
  const types = Object.entries(data.event_types ?? {}).sort(([, a], [, b]) => b - a).slice(0, 12);
  fill('types', types.map(([name, count]) => el('li', '', `${name} `, el('b', '', show(count)))), 'none yet');
}

function agents(data) {
  const list = data.agents ?? [];
  const active = (agent) => Number(Boolean(agent.is_active));
  const heard = (agent) => agent.last_heartbeat_ago_ms ?? Infinity;
  const rows = [...list].sort((a, b) => active(b) - active(a) || (heard(a) === heard(b) ? 0 : heard(a) - heard(b)));
  text('agents-note', data.agents ? `${list.filter(active).length} active` : 'agent-orchestrator does not answer');
  fill('agents', rows.map((agent) => {
    const level = agent.is_active ? agent.color_indicator ?? 'green' : 'off';
    const health = agent.is_active ? `${Math.round((agent.health_score ?? 0) * 100)} %` : agent.is_registered === false ? 'not here yet' : 'silent';
    return el('tr', '', el('td', '', el('b', '', agent.agent_id ?? '–')), el('td', 'wide', agent.mathematician ?? '–'), el('td', '', tag(agent.color)),
      el('td', '', el('span', 'state', dot(level), health)), el('td', 'num', age(agent.last_heartbeat_ago_ms)));
  }), 'No agents known.');
  byId('ring').replaceChildren(list.length ? ring(list, SIGNS) : el('p', 'empty', 'No agents known.'));
}

function documents(data) {
  const list = [...(data.documents ?? [])].sort((a, b) => String(b.updated ?? '').localeCompare(String(a.updated ?? '')));
  text('documents-note', data.documents ? `${show(list.length)}${data.more_documents ? ' shown, there are more' : ''}` : 'crdt-service does not answer');
  fill('documents', list.map((item) => {
    const clockEntries = Object.entries(item.vector_clock ?? {});
    const shown = clockEntries.slice(0, 3).map(([agent, seq]) => `${agent}:${seq}`).join(' ');
    const version = clockEntries.length > 3 ? `${shown} +${clockEntries.length - 3}` : shown || '–';
    const size = typeof item.length === 'number' ? show(item.length) : (item.heads?.length ?? 2) > 1 ? 'merges on read' : '–';
    return el('tr', '', el('td', '', el('b', '', item.document_id ?? '–')), el('td', 'wide', item.crdt_type ?? '–'), el('td', 'num', size),
      el('td', 'num wide', show(item.operations)), el('td', '', el('code', '', version)), el('td', 'wide', el('code', '', item.fingerprint ?? '–')));
  }), 'No documents yet. A first operation to /stream/red/apply makes one.');
}

function components(data) {
  text('components-note', `${data.network.healthy_components} of ${data.network.total_components} healthy`);
  fill('components', data.components.map((item) => el('li', '', dot(item.healthy ? 'green' : 'red'), el('span', 'name', item.component),
    el('span', 'muted', item.healthy ? `healthy · ${milliseconds(item.latency_ms)}` : item.state))), '');
}

function eventRow(event, fresh) {
  const time = el('time', '', clock(event.timestamp));
  time.dateTime = event.timestamp ?? '';
  const what = [event.operation && event.operation !== event.type ? `${event.type} ${event.operation}` : event.type];
  what.push(event.to && event.from ? `${event.from} → ${event.to}` : `by ${event.agent_id ?? '?'}`);
  if (event.document_id) what.push(`on ${event.document_id}`);
  return el('li', fresh ? 'new' : '', time, tag(event.color), el('span', 'what', what.join(' ')), el('span', 'seq', `#${event.seq}`));
}

function events(data) {
  const list = data.events;
  const target = byId('events');
  if (!list) return text('event-note', 'interaction-timeline does not answer');
  const first = state.lastSeq === 0;
  const fresh = list.filter((event) => event.seq > state.lastSeq);
  if (fresh.length) {
    if (first) target.replaceChildren();
    const skipped = first ? 0 : fresh[0].seq - state.lastSeq - 1;
    state.lastSeq = fresh.at(-1).seq;
    target.prepend(...fresh.reverse().map((event) => eventRow(event, !first && fresh.length <= FLASH)));
    while (target.children.length > FEED) target.lastElementChild.remove();
    text('event-note', skipped > 0 ? `${show(skipped)} more in between` : first ? 'newest first' : `${show(fresh.length)} new`);
  } else if (first) fill('events', [], 'No events yet.');
  else text('event-note', 'nothing new');
}

function announce(data) {
  const total = data.performance.total_events;
  if (typeof total !== 'number' || performance.now() - state.announced < 15000) return;
  if (state.announcedTotal !== null && total !== state.announcedTotal) text('announce', `${show(total - state.announcedTotal)} new events, ${show(total)} in all`);
  state.announced = performance.now();
  state.announcedTotal = total;
}

function notice(data) {
  const seen = [...new Set((data.problems ?? []).map((problem) => `${problem.component}: ${problem.detail}`))];
  const box = byId('notice');
  box.hidden = seen.length === 0;
  text('notice', seen.slice(0, 4).join(' · '));
}

function connection(name, words) {
  byId('connection').dataset.state = name;
  text('connection-text', words);
  document.body.toggleAttribute('data-stale', name === 'retrying');
}

const PANELS = [tiles, throughput, colors, agents, documents, components, events, announce, notice];

// A panel that cannot show something must not take the others with it.
function render(panel, data) {
  try {
    panel(data);
  } catch (error) {
    console.error(panel.name, error);
  }
}

async function tick() {
  if (state.asking) return;
  state.asking = true;
  clearTimeout(state.timer);
  let wait = state.refresh;
  try {
    const reply = await fetch('/api/metrics', { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' });
    if (!reply.ok) throw new Error(`the dashboard answered ${reply.status}`);
    const data = await reply.json();
    state.refresh = data.refresh_ms ?? state.refresh;
    rates(data.performance.total_events);
    for (const panel of PANELS) render(panel, data);
    state.failures = 0;
    wait = document.hidden ? state.refresh * HIDDEN_FACTOR : state.refresh;
    connection(document.hidden ? 'paused' : 'live', document.hidden ? 'slow while hidden' : `live, every ${number.format(state.refresh / 1000)} s`);
  } catch (error) {
    state.failures += 1;
    wait = Math.min(state.refresh * 2 ** state.failures, LONGEST_WAIT_MS);
    connection('retrying', `connection lost, retrying in ${Math.ceil(wait / 1000)} s`);
    console.warn(error);
  }
  state.asking = false;
  state.timer = setTimeout(tick, wait);
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });
addEventListener('online', () => tick());
tick();
