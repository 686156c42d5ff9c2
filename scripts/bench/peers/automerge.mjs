// automerge-repo's sync server, put together as @automerge/automerge-repo-sync-server does it, and a client of frames.
import fs from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import * as A from '@automerge/automerge'
import { cbor, generateAutomergeUrl, isValidDocumentId, parseAutomergeUrl, Repo } from '@automerge/automerge-repo'
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs'
import { WebSocket, WebSocketServer } from 'ws'

const STORED = 'stored'

/** The storage, which tells the writer of a document when a change of it lies in its file. */
class Storage extends NodeFSStorageAdapter {
  writers = new Map()

  async save (key, binary) {
    await super.save(key, binary)
    const [document, kind] = key
    if (kind === 'incremental' || kind === 'snapshot') this.writers.get(document)?.send(STORED)
  }
}

class Client {
  constructor (port, name) {
    this.name = name
    this.documentId = parseAutomergeUrl(generateAutomergeUrl()).documentId
    this.document = A.from({ text: '' })
    this.state = A.initSyncState()
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false })
    this.ready = new Promise((resolve, reject) => {
      this.synced = resolve
      this.socket.on('error', reject)
    })
    this.socket.on('open', () => {
      const [peerMetadata, supportedProtocolVersions] = [{ isEphemeral: true }, ['1']]
      this.send({ type: 'join', senderId: name, peerMetadata, supportedProtocolVersions })
    })
    this.socket.on('message', (data, binary) => this.receive(data, binary))
  }

  send (message) { this.socket.send(cbor.encode(message)) }

  receive (data, binary) {
    if (!binary) {
      const acknowledged = this.waiting ?? this.synced
      this.waiting = null
      acknowledged()
      return
    }
    const message = cbor.decode(data)
    if (message.type === 'peer') {
      this.server = message.senderId
      this.sync()
    } else if (message.type === 'sync' || message.type === 'request') {
      [this.document, this.state] = A.receiveSyncMessage(this.document, this.state, message.data)
      this.sync()
    }
  }

  sync () {
    const [state, data] = A.generateSyncMessage(this.document, this.state)
    this.state = state
    if (data) this.send({ type: 'sync', senderId: this.name, targetId: this.server, documentId: this.documentId, data })
  }

  write () {
    return new Promise(resolve => {
      this.waiting = resolve
      this.document = A.change(this.document, draft => A.splice(draft, ['text'], draft.text.length, 0, 'x'))
      this.sync()
    })
  }

  get length () { return this.document.text.length }

  close () { this.socket.terminate() }
}

export default {
  'automerge-repo': {
    title: 'automerge-repo, files',
    packages: ['@automerge/automerge-repo', '@automerge/automerge'],
    stored: true,
    acknowledged: 'a message sent when the storage adapter has written the file of the change (saveDebounceRate 0); it does not sync',
    async serve (folder) {
      const http = createServer()
      const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
      const storage = new Storage(folder)
      // The first message about a document comes from its only writer.
      sockets.on('connection', socket => socket.on('message', data => {
        const { documentId } = cbor.decode(data)
        if (documentId && !storage.writers.has(documentId)) storage.writers.set(documentId, socket)
      }))
      const network = [new WebSocketServerAdapter(sockets)]
      new Repo({ network, storage, peerId: 'server', sharePolicy: async () => false, saveDebounceRate: 0 })
      await new Promise(resolve => http.listen(0, '127.0.0.1', resolve))
      return http.address().port
    },
    open: (port, name) => new Client(port, name),
    async held (folder) {
      const repo = new Repo({ storage: new NodeFSStorageAdapter(folder), network: [] })
      let sum = 0
      for (const prefix of await fs.readdir(folder)) {
        for (const rest of await fs.readdir(path.join(folder, prefix))) {
          if (!isValidDocumentId(prefix + rest)) continue
          sum += (await repo.find(`automerge:${prefix}${rest}`)).doc().text.length
        }
      }
      return sum
    }
  }
}
