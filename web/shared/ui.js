// What all pages share: elements without markup, calls with precise errors. Values are only ever set as text.

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 30000;

export const SIGNS = { RED: '+', BLUE: '−', GREEN: '_', NONE: '·' };
export const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
export const show = (value) => (typeof value === 'number' ? number.format(value) : '–');

/** An element; children that are no nodes become text, nulls are left out. */
export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element. */
export function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes ?? {})) if (value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A colour as sign and word, so that it is never told by colour alone. */
export function tag(color) {
  const known = SIGNS[color] ? color : 'NONE';
  return el('span', { class: `tag ${known}` }, el('span', { 'aria-hidden': 'true' }, SIGNS[known]), known === 'NONE' ? 'none' : known);
}

/** Pairs as a list of terms and their descriptions; pairs with a null are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return el('dl', { class: 'facts' }, shown.map(([name, value]) => [el('dt', null, name), el('dd', null, value)]));
}

/** What a service refused, with everything that it said. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `the service answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The JSON of a reply; throws `Refused` where it is a problem, and a plain error where nothing answers. */
export async function call(path, body) {
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store', headers: { accept: 'application/json' } };
  if (body !== undefined) Object.assign(options, { method: 'POST', body: JSON.stringify(body) });
  if (body !== undefined) options.headers['content-type'] = 'application/json';
  let reply;
  try {
    reply = await fetch(path, options);
  } catch (error) {
    throw new Error(error.name === 'TimeoutError' ? `${path} did not answer within ${TIMEOUT_MS / 1000} s` : 'the network cannot be reached');
  }
  const text = await reply.text();
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // Not JSON: said by its status below.
  }
  if (!reply.ok) throw new Refused(reply.status, json ?? {});
  if (json === null) throw new Error(`${path} answered something that is not JSON`);
  return json;
}

/** The state in the address after `#`, as an object; `{}` where it is none. */
export function readState() {
  try {
    const state = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    return state && typeof state === 'object' && !Array.isArray(state) ? state : {};
  } catch {
    return {};
  }
}

export function writeState(state) {
  history.replaceState(null, '', `#${encodeURIComponent(JSON.stringify(state))}`);
}
