// Verification: a request, the verdict, three groups of verifiers with vote, score and evidence.

import { SAMPLES } from './samples.js';
import { byId, call, el, facts, readState, Refused, show, writeState } from './shared/ui.js';

/** Longest request that is kept in the address, in characters. */
const LONGEST_STATE = 4000;
/** Longest value of evidence that is shown in a line, in characters. */
const LONGEST_LINE = 60;
const GROUPS = [['negative', 'NEGATIVE', 'looks for defects'], ['neutral', 'NEUTRAL', 'looks for balance'], ['positive', 'POSITIVE', 'looks for merit']];
const VOTES = { yes: ['good', '✓ yes'], no: ['bad', '✗ no'], abstain: ['abstain', '· abstains'] };

let asked = 0;

function size() {
  const text = byId('request').value;
  byId('size').textContent = `${show(new TextEncoder().encode(text).length)} bytes`;
  writeState(text && text.length <= LONGEST_STATE ? { request: text } : {});
}

function put(request) {
  // Long lists of numbers in one line each, so that the rest can be read.
  byId('request').value = JSON.stringify(request, null, 2).replace(/\[\s+(-?[\d.e-]+(?:,\s+-?[\d.e-]+)*)\s+\]/g, (_, numbers) => `[${numbers.replace(/\s+/g, ' ')}]`);
  size();
}

function complain(error) {
  const problem = error instanceof Refused ? error.problem : {};
  const place = problem.path ?? problem.field ?? (problem.index === undefined ? null : `index ${problem.index}`);
  byId('trouble').replaceChildren(el('div', null, error.message), ...(place ? [el('code', null, place)] : []), ...(problem.code ? [el('div', { class: 'muted' }, `${error.status} ${problem.code}`)] : []));
  byId('trouble').hidden = false;
  byId('request').classList.add('error');
}

/** Reads the request; says where it stops being JSON. */
function read() {
  const text = byId('request').value;
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error.message)?.[1];
    if (at !== undefined) {
      byId('request').focus();
      byId('request').setSelectionRange(Number(at), Math.min(Number(at) + 1, text.length));
    }
    throw new Error(`the request is not JSON: ${error.message}`);
  }
}

function value(item) {
  const text = typeof item === 'number' ? show(item) : typeof item === 'string' ? item : JSON.stringify(item);
  return text.length <= LONGEST_LINE ? text : el('details', null, el('summary', null, `${text.slice(0, LONGEST_LINE)}…`), el('pre', null, JSON.stringify(item, null, 1)));
}

/** The verifier's own colour by name, and the sign of its group: the colours are of the roster, not only the three. */
function badge(item) {
  const style = ['RED', 'BLUE', 'GREEN'].includes(item.color) ? item.color : 'NONE';
  return el('span', { class: `tag ${style}` }, el('span', { 'aria-hidden': 'true' }, item.sigil), item.color);
}

function verifier(item) {
  const [style, words] = VOTES[item.vote] ?? ['abstain', item.vote];
  const score = typeof item.score === 'number' ? el('meter', { min: 0, max: 1, value: item.score, 'aria-label': 'score' }) : null;
  return el('article', { class: 'verifier', 'data-verifier': item.id },
    el('header', null, el('h3', null, `${item.agent_id} ${item.name}`), badge(item), el('span', { class: `vote ${style}` }, words)),
    item.test ? el('p', { class: 'muted' }, item.test) : null,
    score, el('p', null, typeof item.score === 'number' ? `Score ${show(item.score)}. ` : '', item.reason ?? ''),
    el('details', null, el('summary', null, 'Evidence'), facts(Object.entries(item.evidence ?? {}).map(([name, evidence]) => [name.replaceAll('_', ' '), value(evidence)]))));
}

function group(reply, [name, polarity, meaning]) {
  const counts = reply.groups?.[name] ?? {};
  const members = reply.verifiers.filter((item) => item.polarity === polarity);
  const agrees = counts.agrees === true ? el('span', { class: 'good' }, '✓ agrees') : el('span', { class: 'bad' }, '✗ does not agree');
  return el('section', { class: 'card', 'aria-label': `${name} group` },
    el('div', { class: 'head' }, el('h2', null, `${name[0].toUpperCase()}${name.slice(1)}`), agrees),
    el('p', { class: 'muted' }, `${meaning}: ${show(counts.yes)} yes, ${show(counts.no)} no, ${show(counts.abstain)} abstain`),
    members.map(verifier));
}

function judged(reply) {
  if (!Array.isArray(reply.verifiers)) throw new Error('the reply names no verifiers');
  const abstained = reply.verifiers.filter((item) => item.vote === 'abstain');
  const agreeing = GROUPS.filter(([name]) => reply.groups?.[name]?.agrees === true).length;
  const style = { ACCEPTED: 'good', REJECTED: 'bad' }[reply.verdict] ?? reply.verdict;
  byId('result-note').textContent = reply.kind ?? '';
  byId('verdict').replaceChildren(
    el('p', { class: `decided ${style}`, id: 'decided' }, reply.verdict),
    facts([
      ['Groups that agree', `${agreeing} of ${GROUPS.length}`], ['Confidence', typeof reply.confidence === 'number' ? show(reply.confidence) : null],
      ['Dimension', typeof reply.dimension === 'number' ? show(reply.dimension) : null], ['Verifiers', show(reply.verifiers.length)],
      ['Abstained', abstained.length ? el('ul', { id: 'abstained' }, abstained.map((item) => el('li', null, el('b', null, item.name), item.reason ? `: ${item.reason}` : ''))) : 'none'],
    ]),
  );
  byId('groups').replaceChildren(...GROUPS.map((entry) => group(reply, entry)));
}

async function judge() {
  asked += 1;
  const mine = asked;
  byId('trouble').hidden = true;
  byId('request').classList.remove('error');
  byId('status').textContent = 'judging …';
  const begun = performance.now();
  try {
    const reply = await call('/verify/analyze', read());
    if (mine !== asked) return;
    judged(reply);
    byId('status').textContent = `answered in ${Math.round(performance.now() - begun)} ms`;
  } catch (error) {
    if (mine !== asked) return;
    byId('status').textContent = 'refused';
    complain(error);
  }
}

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  judge();
});
byId('form').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  judge();
});
byId('request').addEventListener('input', size);
byId('samples').append(...SAMPLES.map(({ name, request }) => el('button', {
  type: 'button',
  onclick: () => {
    put(request());
    judge();
  },
}, name)));
const { request } = readState();
if (typeof request === 'string') byId('request').value = request;
else put(SAMPLES[0].request());
size();
