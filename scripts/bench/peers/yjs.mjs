// Servers that keep Yjs documents, and a client that speaks to them with nothing but frames: it makes an update, sends it
// and looks for its acknowledgement. A provider would do more, which is not the server's cost.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

// By require, all of them: as modules, y-websocket and hocuspocus would bring two copies of Yjs into one process.
const require = createRequire(import.meta.url)
const BetterSqlite3 = require('better-sqlite3')
const { WebSocket, WebSocketServer } = require('ws')
const decoding = require('lib0/decoding')
const encoding = require('lib0/encoding')
const sync = require('y-protocols/sync')
const Y = require('yjs')

// The kinds of messages: of y-protocols, and hocuspocus' own.
const SYNC = 0, AUTH = 2, SYNC_REPLY = 4, STATELESS = 5, SYNC_STATUS = 8
const TOKEN = 0
const TEXT = 'text'
const database = folder => path.join(folder, 'documents.sqlite')
const characters = update => {
  const document = new Y.Doc()
  Y.applyUpdate(document, update)
  return document.getText(TEXT).length
}

/** A writer, or a reader, of one document. */
class Client {
  /** `named`: frames begin with the document's name; `isAcknowledgement`: of a kind of message and its decoder. */
  constructor (port, name, { named, isAcknowledgement }) {
    this.document = new Y.Doc()
    this.head = named ? name : null
    this.isAcknowledgement = isAcknowledgement
    this.document.on('update', (update, origin) => {
      if (origin !== this) this.send(SYNC, encoder => sync.writeUpdate(encoder, update))
    })
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/${named ? '' : name}`, { perMessageDeflate: false })
    this.socket.binaryType = 'arraybuffer'
    this.ready = new Promise((resolve, reject) => {
      this.synced = resolve
      this.socket.on('error', reject)
    })
    this.socket.on('open', () => {
      if (named) {
        this.send(AUTH, encoder => {
          encoding.writeVarUint(encoder, TOKEN)
          encoding.writeVarString(encoder, '')
        })
      }
      this.send(SYNC, encoder => sync.writeSyncStep1(encoder, this.document))
    })
    this.socket.on('message', data => this.receive(new Uint8Array(data)))
  }

  send (kind, write) {
    const encoder = encoding.createEncoder()
    if (this.head !== null) encoding.writeVarString(encoder, this.head)
    encoding.writeVarUint(encoder, kind)
    write(encoder)
    this.socket.send(encoding.toUint8Array(encoder))
  }

  receive (bytes) {
    const decoder = decoding.createDecoder(bytes)
    if (this.head !== null) decoding.readVarString(decoder)
    const kind = decoding.readVarUint(decoder)
    if (this.waiting && this.isAcknowledgement(kind, decoding.clone(decoder))) {
      const acknowledged = this.waiting
      this.waiting = null
      acknowledged()
    }
    if (kind !== SYNC && kind !== SYNC_REPLY) return
    // A client that comes with an empty document has nothing that the server lacks: it need not answer.
    const type = sync.readSyncMessage(decoder, encoding.createEncoder(), this.document, this)
    if (type === sync.messageYjsSyncStep2) this.synced()
    if (this.onchange) this.onchange()
  }

  /** Appends a character; resolves with its acknowledgement. */
  write () {
    const text = this.document.getText(TEXT)
    return new Promise(resolve => {
      this.waiting = resolve
      text.insert(text.length, 'x')
    })
  }

  get length () { return this.document.getText(TEXT).length }

  close () { this.socket.terminate() }
}

/** hocuspocus with its SQLite extension: with a journal mode, every change is stored before it is acknowledged. */
const hocuspocus = (title, journal) => ({
  title,
  packages: ['@hocuspocus/server', 'better-sqlite3'],
  stored: journal !== null,
  acknowledged: journal === null
    ? "hocuspocus' own SyncStatus, sent when the change is in memory; the document is stored two seconds after it rests"
    : `a message sent by afterStoreDocument, so after the document was committed (debounce 0, journal_mode ${journal}, synchronous FULL)`,
  async serve (folder) {
    const { Server } = require('@hocuspocus/server')
    const { SQLite } = require('@hocuspocus/extension-sqlite')
    const storage = new SQLite({ database: database(folder) })
    const server = new Server({
      address: '127.0.0.1',
      port: 0,
      quiet: true,
      stopOnSignals: false,
      websocketOptions: { perMessageDeflate: false },
      extensions: [storage],
      ...(journal === null ? {} : {
        debounce: 0,
        async afterStoreDocument ({ lastTransactionOrigin }) { lastTransactionOrigin.connection?.sendStateless('stored') }
      })
    })
    await server.listen()
    if (journal !== null) {
      storage.db.pragma(`journal_mode = ${journal}`)
      storage.db.pragma('synchronous = FULL')
    }
    return server.address.port
  },
  open: (port, name) => new Client(port, name, {
    named: true,
    isAcknowledgement: kind => kind === (journal === null ? SYNC_STATUS : STATELESS)
  }),
  async held (folder) {
    const rows = new BetterSqlite3(database(folder)).prepare('SELECT data FROM documents').all()
    return rows.reduce((sum, row) => sum + characters(row.data), 0)
  }
})

const websocket = {
  title: 'y-websocket, LevelDB',
  packages: ['y-websocket', 'y-leveldb'],
  stored: false,
  acknowledged: 'it has none: the echo of the change counts; LevelDB gets it at the same time and does not sync',
  async serve (folder) {
    process.env.YPERSISTENCE = folder
    const { setupWSConnection } = require('y-websocket/bin/utils')
    const http = createServer()
    new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', setupWSConnection)
    await new Promise(resolve => http.listen(0, '127.0.0.1', resolve))
    return http.address().port
  },
  open: (port, name) => new Client(port, name, {
    named: false,
    isAcknowledgement: (kind, decoder) => kind === SYNC && decoding.readVarUint(decoder) === sync.messageYjsUpdate
  }),
  async held (folder) {
    const storage = new (require('y-leveldb').LeveldbPersistence)(folder)
    let sum = 0
    for (const name of await storage.getAllDocNames()) sum += characters(Y.encodeStateAsUpdate(await storage.getYDoc(name)))
    return sum
  }
}

export default {
  'hocuspocus-wal': hocuspocus('hocuspocus, SQLite with WAL', 'WAL'),
  'hocuspocus-delete': hocuspocus('hocuspocus, SQLite without WAL', 'DELETE'),
  'hocuspocus-default': hocuspocus('hocuspocus, as it comes (not stored)', null),
  'y-websocket': websocket
}
