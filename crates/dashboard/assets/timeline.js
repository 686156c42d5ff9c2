// The timeline: loads events, filters them, shows the diagram, the table and the chosen event.

import { causalOrder, depths, link, passes, reach } from './causality.js';
import { details } from './event.js';
import { diagram } from './lanes.js';
import { byId, call, el, readState, show, tag, writeState } from './shared/ui.js';

const PAGE = 1000;
const ROWS = 50;
/** Causes and effects marked in the diagram. */
const MARKED = 500;
const FIELDS = ['agent', 'type', 'document', 'color', 'from', 'to', 'held', 'axis'];
/** Names offered while typing. */
const OFFERED = 500;

const state = { events: [], causes: [], effects: [], byId: new Map(), order: [], rank: [], depth: [], shown: [], picked: null, page: 0, loading: 0, more: false };

const view = diagram(byId('diagram'), {
  chosen: (index) => choose(index),
  focused: (index) => { byId('announce').textContent = describe(index); byId('view-note').textContent = describe(index); },
  moved: ({ count, lanes, arrows }) => {
    byId('view-note').textContent = `${show(count)} events in view, lanes ${show(Math.min(lanes[0] + 1, lanes[1]))} to ${show(lanes[1])}${arrows ? '' : ', zoom in for arrows'}`;
  },
});

function describe(index) {
  const event = state.events[index];
  return `#${event.seq} ${event.type} by ${event.agent_id}${event.color ? `, ${event.color}` : ''}, ${state.causes[index].length} causes, ${state.effects[index].length} effects`;
}

// ---- filter ------------------------------------------------------------------------------------------------------

const time = (id) => (byId(id).value ? new Date(byId(id).value).getTime() : null);
const filter = () => ({ agent: byId('agent').value.trim(), type: byId('type').value.trim(), document: byId('document').value.trim(), color: byId('color').value, from: time('from'), to: time('to') });

function save() {
  const kept = Object.fromEntries(FIELDS.map((name) => [name, byId(name).value]).filter(([name, value]) => value !== '' && value !== byId(name).dataset.usual));
  if (byId('exact').checked) kept.exact = true;
  if (state.picked !== null) kept.event = state.events[state.picked].event_id;
  writeState(kept);
}

function across() {
  const axis = byId('axis').value;
  if (axis === 'depth') return state.depth;
  if (axis === 'time') return state.events.map((event) => Date.parse(event.timestamp) || 0);
  return state.rank;
}

function narrow() {
  const wanted = filter();
  state.shown = [];
  state.events.forEach((event, index) => { if (passes(event, wanted)) state.shown.push(index); });
  view.show({ events: state.events, shown: state.shown, x: across(), causes: state.causes, time: byId('axis').value === 'time' });
  state.page = 0;
  list();
  const all = state.events.length;
  byId('status').textContent = `${show(state.shown.length)} of ${show(all)} ${state.more ? 'newest ' : ''}events`;
}

let soon = 0;
function narrowSoon() {
  soon ||= requestAnimationFrame(() => {
    soon = 0;
    save();
    narrow();
  });
}

// ---- table -------------------------------------------------------------------------------------------------------

function list() {
  const count = state.shown.length;
  const pages = Math.max(1, Math.ceil(count / ROWS));
  state.page = Math.min(Math.max(state.page, 0), pages - 1);
  const end = count - state.page * ROWS;
  const rows = state.shown.slice(Math.max(0, end - ROWS), end).reverse();
  byId('events').replaceChildren(...(rows.length ? rows.map((index) => {
    const event = state.events[index];
    return el('tr', { 'data-index': index, class: index === state.picked ? 'chosen' : null },
      el('td', { class: 'num' }, el('button', { type: 'button', class: 'plain', onclick: () => choose(index), 'aria-label': `Event ${event.seq}, ${event.type} by ${event.agent_id}` }, `#${event.seq}`)),
      el('td', null, event.agent_id), el('td', null, event.type), el('td', null, tag(event.color)), el('td', { class: 'wide' }, event.document_id ?? '–'),
      el('td', { class: 'wide' }, el('time', { datetime: event.timestamp }, event.timestamp)), el('td', { class: 'num wide' }, show(state.causes[index].length)));
  }) : [el('tr', null, el('td', { class: 'empty', colspan: 7 }, state.events.length ? 'No event passes the filter.' : 'No events yet.'))]));
  byId('page-note').textContent = `page ${state.page + 1} of ${pages}`;
  byId('newer').disabled = state.page === 0;
  byId('older').disabled = state.page >= pages - 1;
}

// ---- choosing ----------------------------------------------------------------------------------------------------

/** Chooses a loaded event, or none. */
function choose(index) {
  state.picked = index;
  if (index === null) {
    view.pick(null, new Set(), new Set());
    byId('details-note').textContent = '';
    byId('event').replaceChildren(el('p', { class: 'empty' }, 'Choose an event in the diagram or the table.'));
  } else {
    view.pick(index, reach(state.causes, index, MARKED), reach(state.effects, index, MARKED));
    open(state.events[index].event_id);
  }
  for (const row of byId('events').children) row.classList.toggle('chosen', Number(row.dataset.index) === index);
  save();
}

/** Shows an event, loaded or not. */
function open(id) {
  const index = state.byId.get(id);
  const near = (list) => (index === undefined ? null : list[index].map((other) => state.events[other]));
  details(id, { causes: near(state.causes), effects: near(state.effects), go: (other) => (state.byId.has(other) ? choose(state.byId.get(other)) : open(other)) });
}

// ---- loading -----------------------------------------------------------------------------------------------------

function query() {
  const parameters = new URLSearchParams({ order: 'newest', limit: String(PAGE) });
  if (!byId('exact').checked) return parameters;
  const wanted = filter();
  for (const name of ['agent', 'type', 'document', 'from', 'to']) if (wanted[name] !== '' && wanted[name] !== null) parameters.set(name, wanted[name]);
  if (wanted.color && wanted.color !== 'NONE') parameters.set('color', wanted.color);
  return parameters;
}

function offer(id, values) {
  byId(id).replaceChildren(...[...new Set(values)].filter(Boolean).slice(0, OFFERED).map((value) => el('option', { value })));
}

async function load() {
  state.loading += 1;
  const mine = state.loading;
  const most = Number(byId('held').value);
  const parameters = query();
  const newest = [];
  byId('notice').hidden = true;
  try {
    let cursor = null;
    do {
      parameters.set('limit', String(Math.min(PAGE, most - newest.length)));
      if (cursor) parameters.set('cursor', cursor);
      const reply = await call(`/timeline/query?${parameters}`);
      if (mine !== state.loading) return;
      newest.push(...reply.events);
      cursor = reply.next_cursor;
      byId('status').textContent = `loading … ${show(newest.length)}`;
    } while (cursor && newest.length < most);
    state.more = Boolean(cursor);
  } catch (error) {
    if (mine !== state.loading) return;
    byId('notice').textContent = `The events cannot be loaded: ${error.message}`;
    byId('notice').hidden = false;
    byId('status').textContent = 'not loaded';
    return;
  }
  const wanted = readState().event;
  Object.assign(state, { events: newest.reverse(), picked: null });
  Object.assign(state, link(state.events));
  state.order = causalOrder(state.causes);
  state.rank = new Array(state.events.length);
  state.order.forEach((index, place) => { state.rank[index] = place; });
  state.depth = depths(state.causes, state.order);
  for (const [id, member] of [['agents', 'agent_id'], ['types', 'type'], ['documents', 'document_id']]) offer(id, state.events.map((event) => event[member]));
  view.pick(null, new Set(), new Set());
  narrow();
  view.fit();
  if (wanted && state.byId.has(wanted)) choose(state.byId.get(wanted));
  else if (/^[0-9a-f]{64}$/.test(wanted ?? '')) open(wanted);
}

// ---- what is pressed ---------------------------------------------------------------------------------------------

byId('form').addEventListener('input', narrowSoon);
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  save();
  load();
});
byId('clear').addEventListener('click', () => {
  for (const name of ['agent', 'type', 'document', 'color', 'from', 'to']) byId(name).value = '';
  byId('exact').checked = false;
  narrowSoon();
});
byId('axis').addEventListener('change', () => {
  save();
  narrow();
  view.fit();
});
byId('zoom-in').addEventListener('click', () => view.zoomBy(1.5));
byId('zoom-out').addEventListener('click', () => view.zoomBy(1 / 1.5));
byId('zoom-fit').addEventListener('click', () => view.fit());
byId('newer').addEventListener('click', () => { state.page -= 1; list(); });
byId('older').addEventListener('click', () => { state.page += 1; list(); });

for (const name of FIELDS) byId(name).dataset.usual = byId(name).value;
const kept = readState();
for (const name of FIELDS) if (typeof kept[name] === 'string') byId(name).value = kept[name];
byId('exact').checked = kept.exact === true;
// For tests and for the curious: where an event is drawn.
globalThis.timeline = { place: (id) => view.place(state.byId.get(id)), get zoom() { return view.zoom; }, get shown() { return state.shown.length; } };
load();
