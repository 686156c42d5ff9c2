// Starts a peer of scripts/bench.sh fleet, loads it, or counts what it holds. Everything it says is one line of JSON.
//
//   node peer.mjs systems                                    each with its versions and what its acknowledgement means
//   node peer.mjs serve SYSTEM FOLDER                        a server that keeps its data in FOLDER, until it is killed
//   node peer.mjs held SYSTEM FOLDER                         characters of all documents that a killed server left there
//   node peer.mjs load SYSTEM PORT PREFIX AGENTS SECONDS [RATE]
//                                                            writes as fast as they are acknowledged, or RATE/s together
//   node peer.mjs write SYSTEM PORT NAME OPERATIONS          so many writes, one by one
//   node peer.mjs seen SYSTEM PORT NAME OPERATIONS PAUSE_MS  from a write until a second client has it
//
// Each agent has a connection and a document of its own and waits for each acknowledgement; times are in microseconds,
// from sending.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import automerge from './automerge.mjs'
import yjs from './yjs.mjs'

const systems = { ...yjs, ...automerge }
// What packages say goes with the errors.
console.log = console.info = console.error
const [command, system, ...args] = process.argv.slice(2)
const say = value => process.stdout.write(JSON.stringify(value) + '\n')
const chosen = () => systems[system] ?? fail(`no system ${system}; known: ${Object.keys(systems).join(' ')}`)
const version = name => JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url))).version

function fail (why) {
  process.stderr.write(`peer.mjs: ${why}\n`)
  process.exit(2)
}

/** The time of one write, in microseconds. */
async function timed (client) {
  const sent = performance.now()
  await client.write()
  return Math.round((performance.now() - sent) * 1000)
}

async function load ([port, prefix, agents, seconds, rate]) {
  const clients = Array.from({ length: Number(agents) }, (_, agent) => chosen().open(port, `${prefix}-${agent}`))
  await Promise.all(clients.map(client => client.ready))
  const began = performance.now()
  const end = began + seconds * 1000
  const interval = rate ? clients.length * 1000 / rate : 0
  const times = []
  await Promise.all(clients.map(async (client, agent) => {
    for (let due = began + interval * agent / clients.length; ; due += interval) {
      const early = due - performance.now()
      if (rate && early > 0) await pause(early)
      if (performance.now() >= end) return
      times.push(await timed(client))
    }
  }))
  return { seconds: (performance.now() - began) / 1000, times }
}

async function write ([port, name, operations]) {
  const client = chosen().open(port, name)
  await client.ready
  for (let done = 0; done < operations; done++) await client.write()
  return { operations: client.length }
}

async function seen ([port, name, operations, rest]) {
  const [reader, writer] = [chosen().open(port, name), chosen().open(port, name)]
  await Promise.all([reader.ready, writer.ready])
  const times = []
  for (let done = 1; done <= operations; done++) {
    const arrived = new Promise(resolve => {
      reader.onchange = () => { if (reader.length >= done) resolve() }
    })
    const sent = performance.now()
    const acknowledged = writer.write()
    await arrived
    times.push(Math.round((performance.now() - sent) * 1000))
    await acknowledged
    await pause(Number(rest))
  }
  return { times }
}

switch (command) {
  case 'systems':
    for (const [name, { title, packages, stored, acknowledged }] of Object.entries(systems)) {
      const versions = packages.map(name => `${name} ${version(name)}`)
      say({ name, title, versions: [...versions, `node ${process.versions.node}`], stored, acknowledged })
    }
    break
  case 'serve': say({ port: await chosen().serve(args[0]) }); break
  case 'held': say({ held: await chosen().held(args[0]) }); process.exit()
  case 'load': say(await load(args)); process.exit()
  case 'write': say(await write(args)); process.exit()
  case 'seen': say(await seen(args)); process.exit()
  default: fail('systems | serve | held | load | write | seen')
}
