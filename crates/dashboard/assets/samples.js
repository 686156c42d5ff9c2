// Requests to start from. Deterministic, so that a sample is judged the same wherever it is tried.

/** Dimension of the sample embeddings. */
const DIMENSION = 384;

/** SplitMix32: numbers below 1 that look random and are not. */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Components distributed normally and scaled to length 1, as sentence models give them. */
function embedding(seed) {
  const next = numbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const components = Array.from({ length: DIMENSION }, normal);
  const length = Math.hypot(...components);
  return components.map((x) => Number((x / length).toFixed(6)));
}

const skill = {
  name: 'word_count',
  description: 'Counts the words of a text. Words are separated by white space; the text may be empty.',
  input_schema: { type: 'object', properties: { text: { type: 'string', maxLength: 10000, description: 'the text to count the words of' } }, required: ['text'], additionalProperties: false },
  output_schema: { type: 'object', properties: { words: { type: 'integer', minimum: 0, maximum: 10000, description: 'how many words the text has' } }, required: ['words'], additionalProperties: false },
  examples: [
    { input: { text: 'to be or not to be' }, output: { words: 6 } },
    { input: { text: '' }, output: { words: 0 } },
    { input: { text: 'one' }, output: { words: 1 } },
    { input: { text: 'to be or not to be' }, output: { words: 6 } },
  ],
};

export const SAMPLES = [
  { name: 'Embedding', request: () => ({ embedding: embedding(7) }) },
  { name: 'Embedding with outliers', request: () => ({ embedding: embedding(7).map((x, index) => (index % 97 === 5 ? x * 60 : x)) }) },
  { name: 'Skill', request: () => ({ skill }) },
  { name: 'Skill whose examples disagree', request: () => ({ skill: { ...skill, examples: [...skill.examples, { input: { text: 'one' }, output: { words: -1 } }] } }) },
];
