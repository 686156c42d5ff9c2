// Sites: the links between them, how far each peer is behind, and what happened.

import { byId, call, el, facts, show, svg } from './shared/ui.js';

/** Pause between two looks, in milliseconds; longer while nobody sees the page, and after a failure. */
const EVERY_MS = 1000;
const HIDDEN_FACTOR = 10;
const LONGEST_WAIT_MS = 15000;
/** Entries of the log that are shown. */
const LOG = 40;
const WIDTH = 640;
const HEIGHT = 420;

const state = { timer: 0, failures: 0, asking: false, links: null, wait: EVERY_MS };

const text = (id, words) => {
  if (byId(id).textContent !== words) byId(id).textContent = words;
};

function ago(time) {
  if (!time) return 'never';
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : new Date(time).toLocaleString();
}

/** What is to be said of a peer: `up`, `down` or `idle`. */
function standing(peer) {
  if (peer.failures > 0) return 'down';
  return peer.rounds > 0 ? 'up' : 'idle';
}

const WORDS = { up: '✓ exchanges', down: '✕ cut', idle: '· no round yet' };

function lagOf(peer) {
  const { lag } = peer;
  if (!lag) return null;
  if (lag.unknown) return 'all documents are compared first';
  if (lag.documents === 0 && !lag.at_least) return 'nothing';
  return `${lag.at_least ? 'at least ' : ''}${show(lag.deltas)} deltas of ${show(lag.documents)} documents, ${show(lag.bytes)} bytes`;
}

/** The peers that did not answer this site just now. Those that are only heard of through others were not asked. */
const silentOf = (network) => new Map(network.sites.filter((site) => !site.status).map((site) => [site.name, site.detail]));

/** Every link once, with the worst that either of its ends says; a link to a peer that does not answer is cut. */
function linksOf(network) {
  const links = new Map();
  const silent = silentOf(network);
  const worse = { idle: 0, up: 1, down: 2 };
  for (const site of network.sites) {
    for (const peer of site.status?.peers ?? []) {
      const ends = [site.name, peer.name].sort();
      const known = links.get(ends.join(' ')) ?? { ends, kind: 'idle', behind: 0 };
      const begins = peer.direction !== 'none';
      const unheard = site.name === network.site && silent.has(peer.name);
      const kind = unheard ? 'down' : begins ? standing(peer) : 'idle';
      if (worse[kind] > worse[known.kind]) known.kind = kind;
      if (begins && peer.lag && !peer.lag.unknown) known.behind += peer.lag.documents;
      links.set(ends.join(' '), known);
    }
  }
  return [...links.values()];
}

function places(names, own) {
  // The own site stands at the top.
  const order = [own, ...names.filter((name) => name !== own)];
  const at = (nth) => {
    const angle = (2 * Math.PI * nth) / order.length - Math.PI / 2;
    return { x: WIDTH / 2 + (WIDTH / 2 - 90) * Math.cos(angle), y: HEIGHT / 2 + (HEIGHT / 2 - 55) * Math.sin(angle) };
  };
  return new Map(order.map((name, nth) => [name, at(nth)]));
}

function map(network) {
  const links = linksOf(network);
  const names = [...new Set([...network.sites.map((site) => site.name), ...links.flatMap((link) => link.ends)])];
  const place = places(names, network.site);
  const silent = silentOf(network);
  const line = ({ ends: [one, other], kind, behind }) => {
    const [a, b] = [place.get(one), place.get(other)];
    const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    return [
      svg('line', { class: `link ${kind}`, 'data-link': `${one} ${other}`, x1: a.x, y1: a.y, x2: b.x, y2: b.y }),
      ...(kind === 'down' ? [svg('text', { class: 'cross', x: middle.x, y: middle.y }, '✕')] : []),
      ...(kind !== 'down' && behind > 0 ? [svg('text', { class: 'behind', x: middle.x, y: middle.y - 5 }, `${show(behind)} behind`)] : []),
    ];
  };
  const dot = (name) => {
    const { x, y } = place.get(name);
    const kind = name === network.site ? 'own' : silent.has(name) ? 'unheard' : '';
    return svg('g', { class: `site ${kind}`, 'data-site': name }, svg('circle', { cx: x, cy: y, r: 17 }), svg('text', { x, y: y + 34 }, name));
  };
  const count = (kind) => links.filter((link) => link.kind === kind).length;
  const words = `${show(names.length)} sites, ${show(links.length)} links, ${show(count('down'))} cut`;
  byId('map').replaceChildren(svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words }, ...links.flatMap(line), ...names.map(dot)));
  text('map-note', words);
  if (state.links !== null && state.links !== words) text('announce', words);
  state.links = words;
}

function millis(percentiles) {
  return percentiles ? `${show(percentiles.p50)} ms, 99 of 100 in ${show(percentiles.p99)} ms` : null;
}

function card(peer, silent) {
  const begins = peer.direction !== 'none';
  const unheard = silent.has(peer.name);
  const kind = unheard ? 'down' : begins ? standing(peer) : 'idle';
  const words = begins || unheard ? WORDS[kind] : '· is answered';
  const barred = peer.quarantines.map((one) => el('li', { class: 'barred' }, `not taken: ${one.document_id}, ${one.agent_id} from ${one.from}`));
  const now = el('button', { type: 'button', disabled: !begins, onclick: () => round(peer.name, now) }, 'Exchange now');
  return el('article', { class: 'peer', 'data-peer': peer.name },
    el('header', null, el('h3', null, peer.name), el('span', { class: `state ${kind}` }, words)),
    facts([
      ['Behind', begins ? lagOf(peer) : null], ['Last round', begins ? ago(peer.last_success) : null],
      ['Next round', !begins || peer.next_ms === null ? null : peer.running ? 'now' : `in ${show(peer.next_ms)} ms`],
      ['Trouble', peer.trouble ? `${peer.trouble}${peer.detail ? `: ${peer.detail}` : ''}` : silent.get(peer.name)],
      ['Failed since', peer.failures > 0 ? `${show(peer.failures)} rounds` : null],
      ['Round', millis(peer.round_ms)], ['Exchange', millis(peer.exchange_ms)],
      ['Direction', peer.direction], ['Documents', peer.documents.length ? peer.documents.join(' ') : 'all'],
      ['Stuck', peer.stuck.length ? peer.stuck.join(', ') : null],
      ['Address', peer.url], ['Version', peer.manifest],
    ]),
    barred.length ? el('ul', { 'aria-label': 'Quarantines' }, barred) : null, now);
}

async function round(peer, button) {
  button.disabled = true;
  try {
    await call('/sync', { operation: 'sync', target: peer });
  } catch (error) {
    notice(error.message);
  }
  look();
}

function peers(status, silent) {
  const open = document.activeElement?.closest?.('[data-peer]')?.dataset.peer;
  byId('cards').replaceChildren(...(status.peers.length ? status.peers.map((peer) => card(peer, silent)) : [el('p', { class: 'empty' }, 'This site has no peers. POST /sync/peers adds one; the variable sync_peers lists them.')]));
  // Whoever is at a button stays there.
  if (open) document.querySelector(`[data-peer="${CSS.escape(open)}"] button`)?.focus();
  const failing = status.peers.filter((peer) => peer.failures > 0 || silent.has(peer.name)).length;
  const barred = status.peers.reduce((sum, peer) => sum + peer.quarantines.length, 0);
  text('peers-note', `${show(status.peers.length)} peers, ${show(failing)} cut, ${show(barred)} quarantines`);
  text('subtitle', `as ${status.site} sees them`);
  byId('site').replaceChildren(facts([['Name', status.site], ['Version', status.manifest], ['Evidence', show(status.evidence)]]));
}

function entry(item) {
  const detail = Object.entries(item.detail ?? {}).filter(([, value]) => value !== null && typeof value !== 'object');
  const words = [item.document_id, ...detail.map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)].filter(Boolean).join(', ');
  return el('li', { 'data-seq': item.seq }, el('time', { datetime: item.time, title: item.time }, new Date(item.time).toLocaleTimeString()), el('span', null, item.kind), el('span', { class: 'what' }, [item.site, words].filter(Boolean).join(': ')));
}

function log(page) {
  const newest = byId('log').firstElementChild?.dataset?.seq;
  if (page.entries.length && newest === String(page.entries[0].seq)) return;
  byId('log').replaceChildren(...(page.entries.length ? page.entries.map(entry) : [el('li', { class: 'empty' }, 'Nothing yet.')]));
}

function connection(name, words) {
  byId('connection').dataset.state = name;
  text('connection-text', words);
}

function notice(words) {
  byId('notice').hidden = !words;
  text('notice', words ?? '');
}

async function look() {
  if (state.asking) return;
  state.asking = true;
  clearTimeout(state.timer);
  let wait = EVERY_MS;
  try {
    const [network, page] = await Promise.all([call('/sync/network'), call(`/sync/log?limit=${LOG}`)]);
    const own = network.sites.find((site) => site.name === network.site);
    map(network);
    peers(own.status, silentOf(network));
    log(page);
    notice(null);
    state.failures = 0;
    if (document.hidden) wait *= HIDDEN_FACTOR;
    connection(document.hidden ? 'paused' : 'live', document.hidden ? 'slow while hidden' : 'live, every second');
  } catch (error) {
    state.failures += 1;
    wait = Math.min(EVERY_MS * 2 ** state.failures, LONGEST_WAIT_MS);
    connection('retrying', `connection lost, retrying in ${Math.ceil(wait / 1000)} s`);
    notice(error.message);
  }
  state.asking = false;
  state.timer = setTimeout(look, wait);
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) look();
});
addEventListener('online', () => look());
look();
