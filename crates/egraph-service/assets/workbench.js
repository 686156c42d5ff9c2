// The workbench: the form and its state in the address, the questions, the answers.

import { byId, call, el, facts, readState, Refused, show, tag, writeState } from '/egraph/shared/ui.js';
import { draw, table } from './draw.js';
import { EXAMPLES } from './examples.js';
import { proof } from './proof.js';
import { locate, parse, smallest } from './terms.js';

const FIELDS = ['expression', 'other', 'language', 'cost', 'color_mode', 'max_iterations', 'max_nodes', 'timeout_ms'];
const NUMBERS = ['max_iterations', 'max_nodes', 'timeout_ms'];
/** Nodes asked for, to draw and to list. */
const MAX_SHOWN = 1500;
/** Longest smallest term in the table, in characters. */
const LONGEST = 60;
const CONFLICTS = 20;
const STOPS = {
  saturated: 'saturated: nothing new follows', iteration_limit: 'stopped by the limit on iterations', node_limit: 'stopped by the limit on nodes',
  time_limit: 'stopped by the limit on time', match_limit: 'stopped by the limit on matches', goal_reached: 'the two terms met',
};

let asked = 0;
let answer = null;
let drawing = null;

// ---- the form ----------------------------------------------------------------------------------------------------

const boxes = () => [...byId('rules').querySelectorAll('input')];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);
const everything = () => boxes().filter((box) => !box.disabled).every((box) => box.checked);

function save() {
  const state = Object.fromEntries(FIELDS.map((name) => [name, byId(name).value]).filter(([name, value]) => value !== '' && value !== byId(name).dataset.usual));
  if (boxes().length && !everything()) state.rules = chosen();
  writeState(state);
  byId('rule-note').textContent = `${chosen().length} of ${boxes().length} chosen`;
}

function restore(state) {
  for (const name of FIELDS) byId(name).value = state[name] ?? byId(name).dataset.usual ?? '';
  for (const box of boxes()) box.checked = !box.disabled && (!Array.isArray(state.rules) || state.rules.includes(box.value));
  save();
}

/** A term as the service takes it: JSON where it looks like JSON, else text. */
function term(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function settings() {
  const body = { color_mode: byId('color_mode').value };
  if (byId('language').value) body.language = byId('language').value;
  if (boxes().length && !everything()) body.rules = chosen();
  for (const name of NUMBERS) {
    if (byId(name).value === '') continue;
    body[name] = byId(name).valueAsNumber;
    if (!Number.isInteger(body[name])) throw Object.assign(new Error(`${byId(name).labels[0].firstElementChild.textContent}: not a whole number`), { field: name });
  }
  return body;
}

function ruleRow(rule) {
  const box = el('input', { type: 'checkbox', value: rule.name, disabled: !rule.enabled });
  const equations = rule.equations.slice(0, 2).map(({ left, right }) => `${left} = ${right}`).join(', ');
  return el('li', null, el('label', { class: 'check' }, box, el('span', null, el('b', null, rule.name), ' ', tag(rule.color), ' ', el('code', null, equations), rule.enabled ? null : ' (switched off)')));
}

// ---- trouble -----------------------------------------------------------------------------------------------------

function complain(error, field) {
  const box = byId('trouble');
  const problem = error instanceof Refused ? error.problem : {};
  const lines = [el('div', null, error.message)];
  const text = byId(field)?.value ?? '';
  if (typeof problem.position === 'number' && !/^\s*[[{]/.test(text)) {
    // The service counts characters, a text field counts units of UTF-16.
    const before = [...text].slice(0, problem.position).join('');
    const start = before.lastIndexOf('\n') + 1;
    const line = text.slice(start).split('\n')[0];
    lines.push(el('pre', null, `${line}\n${' '.repeat(before.length - start)}▲`));
    byId(field).focus();
    byId(field).setSelectionRange(before.length, Math.min(before.length + 1, text.length));
  } else if (problem.path) lines.push(el('pre', null, problem.path));
  for (const pair of (problem.color_conflicts ?? []).slice(0, CONFLICTS)) {
    lines.push(el('div', null, tag(pair.parent_color), ' ', el('code', null, pair.parent), ' has ', tag(pair.child_color), ' ', el('code', null, pair.child)));
  }
  if (problem.code) lines.push(el('div', { class: 'muted' }, `${error.status} ${problem.code}`));
  box.replaceChildren(...lines);
  box.hidden = false;
  for (const name of ['expression', 'other']) byId(name).classList.toggle('error', name === field);
}

function calm() {
  byId('trouble').hidden = true;
  byId('trouble').replaceChildren();
  for (const name of ['expression', 'other']) byId(name).classList.remove('error');
}

/** Asks a question; only the answer to the last one counts. */
async function ask(path, body, what, then) {
  asked += 1;
  const mine = asked;
  calm();
  byId('status').textContent = `${what} …`;
  const begun = performance.now();
  try {
    const question = body();
    const reply = await call(path, question);
    if (mine !== asked) return;
    byId('status').textContent = `answered in ${Math.round(performance.now() - begun)} ms`;
    then(reply, question);
  } catch (error) {
    if (mine !== asked) return;
    byId('status').textContent = 'refused';
    const about = error.field ?? (String(error.problem?.detail ?? '').startsWith('rhs') ? 'other' : 'expression');
    complain(error, about);
    if (!(error instanceof Refused) && !error.field) console.warn(error);
  }
}

// ---- the answers -------------------------------------------------------------------------------------------------

const reveal = (...names) => { for (const name of ['drawing-card', 'classes-card', 'proof-card']) byId(name).hidden = !names.includes(name); };

function conflicts(reply) {
  if (!reply.color_conflict_count) return el('p', { class: 'muted' }, 'No colour conflicts.');
  const shown = reply.color_conflicts.slice(0, CONFLICTS);
  return el('details', { id: 'conflicts' }, el('summary', null, `${show(reply.color_conflict_count)} colour conflict${reply.color_conflict_count === 1 ? '' : 's'}`),
    el('ul', null, shown.map((item) => el('li', null, el('code', null, `${item.left} = ${item.right}`), ` by ${item.rule || 'congruence'}: `,
      tag(item.parent_color), ' ', el('code', null, item.parent), ' would have ', tag(item.child_color), ' ', el('code', null, item.child)))));
}

function applied(rewrites) {
  const rows = Object.entries(rewrites).filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return rows.length ? rows.map(([name, count]) => `${name} ${show(count)}`).join(', ') : 'none';
}

function saturated(reply) {
  const graph = reply.graph;
  const form = parse(reply.canonical_form);
  const used = (form && locate(graph, form)) ?? new Set();
  answer = { graph, used, terms: smallest(graph, LONGEST) };
  byId('summary').replaceChildren(
    el('output', { class: 'form', id: 'canonical' }, reply.canonical_form),
    facts([
      ['Cost', `${show(reply.cost)}, before ${show(reply.input_cost)}`], ['Cost with shared parts once', show(reply.dag_cost)],
      ['Colour', tag(reply.color)], ['Ended', STOPS[reply.stop_reason] ?? reply.stop_reason],
      ['Iterations', show(reply.saturation_iterations)], ['Classes, nodes', `${show(reply.classes)}, ${show(reply.nodes)}`],
      ['Rewrites', applied(reply.rewrites_applied)],
      ['Checked', reply.verified ? 'the form, read again, is in the class of the term' : 'not in the class of the term'],
      ['From the memo', reply.cached ? 'yes' : 'no'],
    ]),
    conflicts(reply),
  );
  reveal('drawing-card', 'classes-card');
  byId('classes').replaceChildren(...table(graph, used, answer.terms));
  byId('classes-note').textContent = `${graph.complete ? 'all' : 'the nearest'} ${show(graph.shown_nodes)} nodes${graph.complete ? '' : ` of ${show(reply.nodes)}`} below the root, ★ is the cheapest form`;
  redraw();
}

function describe(id) {
  const item = answer.graph.classes[id];
  const nodes = item.nodes.map(({ op, children }) => (children.length ? `${op} of ${children.map((child) => `class ${child}`).join(', ')}` : op));
  return `Class ${id}${id === 0 ? ', the root' : ''}, ${item.color}, smallest ${answer.terms.get(id)}: ${nodes.slice(0, 12).join('; ')}`;
}

function redraw() {
  if (!answer) return;
  const most = Number(byId('drawn').value);
  drawing = draw(byId('drawing'), answer.graph, {
    most, used: answer.used, describe,
    picked: (id) => { if (id !== null) byId('drawing-note').textContent = `#${id}: ${answer.terms.get(id)}`; },
  });
  const left = answer.graph.classes.length - drawing.drawn;
  byId('drawing-note').textContent = left > 0 || !answer.graph.complete ? `the ${drawing.drawn} classes nearest to the root` : `all ${drawing.drawn} classes`;
}

function model({ size, operators, symbols, lhs, rhs }) {
  const tables = operators.map(({ symbol, arity, meaning }) => [`${symbol} (${arity})`, el('code', null, JSON.stringify(meaning))]);
  return el('div', null,
    el('p', null, `In ${size === null ? 'the rational numbers, of which all rules hold,' : `this model of the rules with ${size} elements`} the first term is ${lhs} and the second ${rhs}, so no proof exists.`),
    facts([...Object.entries(symbols).map(([symbol, element]) => [symbol, String(element)]), ...tables]));
}

function compared(reply, question) {
  const said = { equal: 'Equal', refuted: 'Not equal', not_proved: 'Neither proved nor refuted within the limits' }[reply.result] ?? reply.result;
  byId('summary').replaceChildren(
    el('output', { class: `form ${reply.result === 'equal' ? 'good' : reply.result === 'refuted' ? 'bad' : ''}`, id: 'verdict' }, said),
    facts([['Ended', STOPS[reply.stop_reason] ?? reply.stop_reason], ['Steps', reply.steps === undefined ? null : show(reply.steps)],
      ['Iterations', show(reply.saturation_iterations)], ['Classes, nodes', `${show(reply.classes)}, ${show(reply.nodes)}`]]),
    conflicts(reply),
  );
  proved(reply, question);
}

function explained(reply, question) {
  byId('summary').replaceChildren(
    el('output', { class: 'form', id: 'canonical' }, reply.canonical_form),
    facts([['Cost', show(reply.cost)], ['Steps', reply.steps === undefined ? null : show(reply.steps)], ['Ended', STOPS[reply.stop_reason] ?? reply.stop_reason]]),
    conflicts(reply),
  );
  proved(reply, question);
}

function proved(reply, question) {
  reveal('proof-card');
  const note = byId('proof-note');
  if (reply.model) {
    note.textContent = 'a model that tells the terms apart';
    byId('proof').replaceChildren(model(reply.model));
  } else if (reply.explanation) {
    note.textContent = reply.explanation_checked ? 'each step checked by the independent checker' : '';
    byId('proof').replaceChildren(proof(reply.explanation, question.lhs ?? question.expression));
  } else {
    note.textContent = '';
    byId('proof').replaceChildren(el('p', { class: 'empty' }, reply.explanation_omitted ? `Left out: ${reply.explanation_omitted}` : 'No proof was found. Higher limits or other rules may find one.'));
  }
}

// ---- what is pressed ---------------------------------------------------------------------------------------------

const saturate = () => ask('/egraph/saturate', () => ({ ...settings(), expression: term(byId('expression').value), cost: byId('cost').value, include: ['graph'], max_shown: MAX_SHOWN }), 'saturating', saturated);

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  saturate();
});
byId('form').addEventListener('input', save);
byId('form').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (event.target.id === 'other') byId('compare').click();
  else saturate();
});
byId('compare').addEventListener('click', () => ask('/egraph/verify', () => ({ ...settings(), lhs: term(byId('expression').value), rhs: term(byId('other').value) }), 'comparing', compared));
byId('explain').addEventListener('click', () => ask('/egraph/explain', () => ({ ...settings(), expression: term(byId('expression').value), cost: byId('cost').value }), 'explaining', explained));
const choose = (on) => { for (const box of boxes()) box.checked = on && !box.disabled; save(); };
byId('all').addEventListener('click', () => choose(true));
byId('none').addEventListener('click', () => choose(false));
byId('drawn').addEventListener('change', redraw);
byId('zoom-in').addEventListener('click', () => drawing?.zoomBy(1.3));
byId('zoom-out').addEventListener('click', () => drawing?.zoomBy(1 / 1.3));
byId('zoom-fit').addEventListener('click', () => drawing?.fit());
byId('examples').append(...EXAMPLES.map((example) => el('button', {
  type: 'button',
  onclick: () => {
    restore(example);
    saturate();
  },
}, example.name)));
addEventListener('hashchange', () => restore(readState()));

async function begin() {
  for (const name of FIELDS) if (byId(name).tagName === 'SELECT') byId(name).dataset.usual = byId(name).value;
  try {
    const reply = await call('/egraph/rules');
    byId('language').append(...reply.languages.map((name) => el('option', null, name)));
    byId('rules').replaceChildren(...reply.rules.map(ruleRow));
  } catch (error) {
    byId('rule-note').textContent = `The rules cannot be listed: ${error.message}`;
  }
  const state = readState();
  restore(state);
  if (state.expression) saturate();
}
begin();
