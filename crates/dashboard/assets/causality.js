// Events and what caused what. Pure functions over loaded events.

/**
 * Events in the order of storing, each with `causes` and `effects` (indices): what it depends on, and where its sender
 * does not say how many causes it has, the event before it of the same origin. What is not loaded is not linked.
 */
export function link(events) {
  const byId = new Map(events.map((event, index) => [event.event_id, index]));
  const causes = events.map(() => []);
  const effects = events.map(() => []);
  const connect = (cause, effect) => {
    if (cause === effect || causes[effect].includes(cause)) return;
    causes[effect].push(cause);
    effects[cause].push(effect);
  };
  const ofOrigin = new Map();
  events.forEach(({ agent_id: agent }, index) => {
    if (!ofOrigin.has(agent)) ofOrigin.set(agent, []);
    ofOrigin.get(agent).push(index);
  });
  for (const own of ofOrigin.values()) {
    own.sort((a, b) => events[a].origin_seq - events[b].origin_seq);
    for (let i = 1; i < own.length; i += 1) if (events[own[i]].cause_count === undefined) connect(own[i - 1], own[i]);
  }
  events.forEach((event, index) => {
    for (const id of event.depends_on ?? []) if (byId.has(id)) connect(byId.get(id), index);
  });
  return { causes, effects, byId };
}

/**
 * Indices so that every cause comes before its effects, otherwise in the order of storing. Where senders' own ids make a
 * circle there is no such order, and the order of storing decides.
 */
export function causalOrder(causes) {
  const order = [];
  const state = new Uint8Array(causes.length); // 0 new, 1 begun, 2 in the order
  for (let first = 0; first < causes.length; first += 1) {
    if (state[first]) continue;
    const stack = [[first, 0]];
    state[first] = 1;
    while (stack.length) {
      const top = stack.at(-1);
      const [event, next] = top;
      if (next < causes[event].length) {
        top[1] += 1;
        const cause = causes[event][next];
        if (!state[cause]) {
          state[cause] = 1;
          stack.push([cause, 0]);
        }
      } else {
        state[event] = 2;
        order.push(event);
        stack.pop();
      }
    }
  }
  return order;
}

/** Length of the longest way from an event without causes, for each event. */
export function depths(causes, order) {
  const depth = new Array(causes.length).fill(0);
  for (const event of order) for (const cause of causes[event]) depth[event] = Math.max(depth[event], depth[cause] + 1);
  return depth;
}

/** All that leads to an event, or from it: indices, at most `most`. */
export function reach(neighbours, from, most) {
  const found = new Set();
  let next = [from];
  while (next.length && found.size < most) {
    const further = [];
    for (const event of next) {
      for (const other of neighbours[event]) {
        if (other === from || found.has(other) || found.size >= most) continue;
        found.add(other);
        further.push(other);
      }
    }
    next = further;
  }
  return found;
}

/** Whether an event passes a filter; texts match where they occur, without regard to case. */
export function passes(event, filter) {
  const has = (text, part) => !part || String(text ?? '').toLowerCase().includes(part.toLowerCase());
  if (!has(event.agent_id, filter.agent) || !has(event.type, filter.type) || !has(event.document_id, filter.document)) return false;
  if (filter.color && (event.color ?? 'NONE') !== filter.color) return false;
  const time = Date.parse(event.timestamp);
  return !(filter.from !== null && time < filter.from) && !(filter.to !== null && time >= filter.to);
}
