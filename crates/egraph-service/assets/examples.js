// Questions to start from: each sets the whole form.

/** Each has a name and the fields of the form that differ from the defaults. */
export const EXAMPLES = [
  { name: 'Merge twice', expression: '(merge (merge b a) (merge a (id)))', language: 'operations', other: '(merge a b)' },
  { name: 'Factor', expression: '(+ (* a b) (* a c))', language: 'arithmetic', max_iterations: 4, max_nodes: 300, other: '(* a (+ b c))' },
  { name: 'De Morgan', expression: '(not (and a (or b (not b))))', language: 'boolean', max_iterations: 2, max_nodes: 120, other: '(not a)' },
  { name: 'Undo', expression: '(compose (inv (inv a)) id)', language: 'operations' },
  { name: 'RED next to BLUE', expression: '(merge a (inv b))', language: 'operations', color_mode: 'report' },
  { name: 'Not equal', expression: '(merge a b)', language: 'operations', other: '(merge a c)' },
];
