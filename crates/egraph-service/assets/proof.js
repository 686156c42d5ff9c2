// The steps of a proof, one after the other, with what each rewrites marked.

import { el } from '/egraph/shared/ui.js';
import { parse, partAt, print, splice } from './terms.js';

/** Steps that are listed; the stepper reaches all. */
const LISTED = 200;

/**
 * The whole term before each step, with the place of what the step rewrites; `null` from where that cannot be told (a
 * term that was too long to be written, or written by its asker in another form).
 */
export function replay(start, steps) {
  let text = typeof start === 'string' && parse(start) ? print(parse(start)) : null;
  return steps.map(({ position, from, to }) => {
    if (position.length === 0) text = from;
    const part = text === null ? null : partAt(parse(text), position);
    if (!part || text.slice(part.from, part.to) !== from) {
      text = null;
      return null;
    }
    const before = { text, from: part.from, to: part.to };
    text = splice(text, part, to);
    return before;
  });
}

const bindings = (substitution) => Object.entries(substitution).map(([name, term]) => `${name} = ${term}`).join(', ');

function row(step, index, whole) {
  const direction = step.direction === 'backward' ? ' from right to left' : '';
  const place = step.position.length ? `at argument ${step.position.map((argument) => argument + 1).join('.')}` : 'at the root';
  const parts = whole ? [whole.text.slice(0, whole.from), whole.text.slice(whole.to)] : ['', ''];
  const rewrite = [['', step.from], ['→ ', step.to]].map(([sign, part]) => el('code', null, sign, parts[0], el('mark', null, part), parts[1]));
  return el('li', { 'data-step': index }, el('span', { class: 'rule' }, `${index + 1}. `, el('b', null, step.rule), `${direction}, ${place}`), rewrite,
    Object.keys(step.substitution).length ? el('span', { class: 'rule' }, `with ${bindings(step.substitution)}`) : null);
}

/** The list of steps from a term, and the buttons that go through them. */
export function proof(steps, start) {
  if (!steps.length) return el('p', { class: 'empty' }, 'The two are the same term: no step is needed.');
  const wholes = replay(start, steps);
  const list = el('ol', { class: 'steps' }, steps.slice(0, LISTED).map((step, index) => row(step, index, wholes[index])));
  const note = el('span', { class: 'muted', 'aria-live': 'polite' });
  let at = 0;
  const go = (to) => {
    at = Math.min(Math.max(to, 0), steps.length - 1);
    for (const item of list.children) item.classList.toggle('now', Number(item.dataset.step) === at);
    list.children[at]?.scrollIntoView({ block: 'nearest' });
    note.textContent = `step ${at + 1} of ${steps.length}: ${steps[at].rule}`;
  };
  const button = (name, by) => el('button', { type: 'button', onclick: () => go(at + by) }, name);
  const more = steps.length > LISTED ? el('p', { class: 'muted' }, `The first ${LISTED} of ${steps.length} steps.`) : null;
  go(0);
  return el('div', null, el('div', { class: 'buttons stepper' }, button('Back', -1), button('Next', 1), note), list, more);
}
