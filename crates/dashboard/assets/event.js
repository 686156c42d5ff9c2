// The chosen event: what it says, its causes and effects, and its inclusion proof, checked in the page.

import { canHash, consistency, inclusion, isLeafOf } from './merkle.js';
import { byId, call, el, facts, Refused, show, tag } from './shared/ui.js';

const RELATED = 20;
/** Where the last root that this browser checked is kept: a later log must continue it. */
const SEEN = 'timeline-root';

let asked = 0;

const short = (hash) => `${hash.slice(0, 12)}…`;

function related(event, go) {
  const further = event.distance > 1 ? el('span', { class: 'muted' }, `${show(event.distance)} away`) : null;
  return el('li', null, el('button', { type: 'button', class: 'plain', onclick: () => go(event.event_id) }, `#${event.seq} ${event.type}`),
    el('span', { class: 'muted' }, `by ${event.agent_id}`), event.color ? tag(event.color) : null, further);
}

/** A list of causes or effects, page by page; of what is loaded, direct ones, where the service does not answer. */
function relation(id, name, near, go) {
  const title = name === 'causes' ? 'Causes' : 'Effects';
  const list = el('ul', { class: 'related', id: name });
  const note = el('p', { class: 'muted' }, 'asking …');
  const more = el('button', { type: 'button', hidden: true }, 'More');
  let cursor = null;
  const ask = async () => {
    more.disabled = true;
    try {
      const page = await call(`/timeline/event/${id}/${name}?limit=${RELATED}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      list.append(...page.events.map((event) => related(event, go)));
      cursor = page.next_cursor;
      more.hidden = !cursor;
      note.textContent = !list.children.length ? 'none' : cursor ? '' : page.complete === false ? 'as far as the service looked' : 'all of them, nearest first';
    } catch (error) {
      more.hidden = true;
      if (near && !list.children.length) list.append(...near.slice(0, RELATED).map((event) => related(event, go)));
      note.textContent = near ? `of what is loaded, direct ones${near.length ? '' : ': none'} (${error.message})` : error.message;
    }
    more.disabled = false;
  };
  more.addEventListener('click', ask);
  ask();
  return el('div', null, el('h3', null, title), list, note, more);
}

function seen() {
  try {
    const kept = JSON.parse(localStorage.getItem(SEEN));
    return Number.isSafeInteger(kept?.size) && typeof kept.root === 'string' ? kept : null;
  } catch {
    return null;
  }
}

/** Whether the log continues the one whose root this browser checked last; says so in words. */
async function continues(size, root) {
  const kept = seen();
  const remember = () => { try { localStorage.setItem(SEEN, JSON.stringify({ size, root })); } catch { /* a browser that keeps nothing compares nothing */ } };
  if (!kept) {
    remember();
    return { good: null, words: 'the first root that this browser sees; it is kept and later ones are compared with it' };
  }
  const [older, newer] = kept.size <= size ? [kept, { size, root }] : [{ size, root }, kept];
  try {
    const proof = await call(`/timeline/proof?first=${older.size}&second=${newer.size}`);
    const good = proof.first === older.size && proof.second === newer.size && await consistency(proof, older.root, newer.root);
    if (good && kept.size < size) remember();
    return { good, words: good ? `the log only grew since the root of ${show(kept.size)} events that this browser kept` : `this log does not continue the one of ${show(kept.size)} events that this browser saw before` };
  } catch (error) {
    const shorter = error instanceof Refused && error.status === 422;
    return { good: shorter ? false : null, words: shorter ? `the log is shorter than the ${show(kept.size)} events that this browser saw before: ${error.message}` : error.message };
  }
}

/** Asks for the proof of an event and checks it here. */
async function check(id, target) {
  target.replaceChildren(el('p', { class: 'muted' }, 'checking …'));
  try {
    if (!canHash()) throw new Error('this browser hashes only on pages from HTTPS or from the same machine, so nothing was checked');
    const proof = await call(`/timeline/proof?event=${id}`);
    const result = await inclusion(proof);
    const good = proof.event_id === id && result !== null && result.root === proof.merkle_root;
    const reply = await fetch(`/timeline/event/${id}`, { cache: 'no-store' });
    const content = reply.ok ? await isLeafOf(await reply.text(), proof.leaf_hash) : null;
    const grown = good ? await continues(proof.tree_size, proof.merkle_root) : null;
    const sign = (value) => (value === true ? '✓ ' : value === false ? '✗ ' : '? ');
    const line = (value, words) => el('div', { class: value === true ? 'good' : value === false ? 'bad' : 'muted' }, sign(value) + words);
    const steps = (result?.way ?? []).map(({ sibling, side, hash }) => el('li', null, el('code', null, side === 'left' ? `${short(sibling)} + · = ${short(hash)}` : `· + ${short(sibling)} = ${short(hash)}`)));
    target.replaceChildren(
      el('div', { class: `verdict ${good ? 'good' : 'bad'}`, id: 'proof-result', 'data-good': String(good) }, good ? `✓ in the log of ${show(proof.tree_size)} events` : '✗ the path does not lead to the root'),
      line(content, content === true ? 'what is shown above is what the leaf is the hash of' : content === false ? 'what is shown above is not what the leaf is the hash of' : 'the leaf was not hashed again: the event is archived, or this browser cannot tell how numbers were written'),
      grown ? line(grown.good, grown.words) : null,
      facts([['Leaf', el('code', { class: 'hash' }, proof.leaf_hash)], ['Place', `leaf ${show(proof.leaf_index)}, counted from 0, of ${show(proof.tree_size)}`], ['Root', el('code', { class: 'hash', id: 'proof-root' }, result?.root ?? 'none')], ['Root it claims', good ? null : el('code', { class: 'hash' }, proof.merkle_root)]]),
      el('details', null, el('summary', null, `Path of ${steps.length} hashes`), el('ol', null, steps)),
    );
  } catch (error) {
    target.replaceChildren(el('div', { class: 'verdict', id: 'proof-result', 'data-good': 'null' }, `Not checked: ${error.message}`));
  }
}

/** Shows the event with this id. `causes` and `effects` are the direct ones that are loaded; `go` shows another. */
export async function details(id, { causes, effects, go }) {
  asked += 1;
  const mine = asked;
  byId('details-note').textContent = short(id);
  let event;
  try {
    event = await call(`/timeline/event/${id}`);
  } catch (error) {
    if (mine !== asked) return;
    byId('event').replaceChildren(el('p', { class: 'empty' }, error.message));
    // What was archived is gone from here and still provable.
    if (error instanceof Refused && error.status === 410) {
      const proof = el('div', { class: 'proof' });
      byId('event').append(el('h3', null, 'Inclusion proof'), proof);
      check(id, proof);
    }
    return;
  }
  if (mine !== asked) return;
  const proof = el('div', { class: 'proof' });
  byId('details-note').textContent = `#${event.seq}`;
  byId('event').replaceChildren(
    facts([
      ['What', `${event.type}${event.operation && event.operation !== event.type ? ` ${event.operation}` : ''}`], ['Colour', event.color ? tag(event.color) : null],
      ['Agent', `${event.agent_id}, its event ${show(event.origin_seq)}`], ['From, to', event.from || event.to ? `${event.from ?? '–'} → ${event.to ?? '–'}` : null],
      ['Document', event.document_id], ['Time', event.timestamp], ['Stored', event.received],
      ['Version', event.vector_clock ? Object.entries(event.vector_clock).map(([agent, seq]) => `${agent}:${seq}`).join(' ') : null],
      ['Fingerprint', event.fingerprint ? el('code', null, event.fingerprint) : null], ['Id', el('code', { class: 'hash' }, event.event_id)],
    ]),
    event.payload ? el('pre', null, JSON.stringify(event.payload, null, 2)) : '',
    relation(id, 'causes', causes, go),
    relation(id, 'effects', effects, go),
    el('h3', null, 'Inclusion proof'),
    proof,
  );
  check(id, proof);
}
